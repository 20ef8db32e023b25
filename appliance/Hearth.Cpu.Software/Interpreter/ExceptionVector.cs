namespace Hearth.Cpu.Software;

/// <summary>The exceptions of the processor by their vectors (Intel SDM Vol. 3, table 6-1).</summary>
internal static class ExceptionVector
{
    /// <summary>#DE.</summary>
    public const byte DivideError = 0;

    /// <summary>#DB.</summary>
    public const byte Debug = 1;

    /// <summary>#BP.</summary>
    public const byte Breakpoint = 3;

    /// <summary>#OF.</summary>
    public const byte Overflow = 4;

    /// <summary>#BR.</summary>
    public const byte BoundRange = 5;

    /// <summary>#UD.</summary>
    public const byte InvalidOpcode = 6;

    /// <summary>#NM.</summary>
    public const byte DeviceNotAvailable = 7;

    /// <summary>#DF.</summary>
    public const byte DoubleFault = 8;

    /// <summary>#TS.</summary>
    public const byte InvalidTss = 10;

    /// <summary>#NP.</summary>
    public const byte SegmentNotPresent = 11;

    /// <summary>#SS.</summary>
    public const byte StackFault = 12;

    /// <summary>#GP.</summary>
    public const byte GeneralProtection = 13;

    /// <summary>#PF.</summary>
    public const byte PageFault = 14;

    /// <summary>#MF.</summary>
    public const byte FloatingPoint = 16;

    /// <summary>#AC.</summary>
    public const byte AlignmentCheck = 17;

    /// <summary>#XM.</summary>
    public const byte SimdFloatingPoint = 19;
}
