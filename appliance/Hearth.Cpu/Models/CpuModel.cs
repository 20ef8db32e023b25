namespace Hearth.Cpu;

/// <summary>A named CPU model.</summary>
public sealed class CpuModel
{
    /// <summary>MAXPHYADDR of every model.</summary>
    public const int PhysicalAddressBits = 40;
}
