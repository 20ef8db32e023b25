namespace Hearth.Cpu.Software;

/// <summary>Which class executes a data instruction.</summary>
internal enum DataGroup : byte
{
    None,
    String,
    Port,
    Decimal,
    Stack,
    Bound,
    FpuEnvironment,
    Fxsave,
    Xsave,
    Mxcsr,
    Gather,
    MaskedMove,
    CompareExchange,
    CacheAndRandom,
    AddCarry,
    Sha,
}
