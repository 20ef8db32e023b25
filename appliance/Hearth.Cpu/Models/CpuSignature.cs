namespace Hearth.Cpu;

/// <summary>The version of the processor in CPUID leaf 1 (Intel SDM Vol. 2, figure 3-6).</summary>
/// <param name="Microcode">The revision that IA32_BIOS_SIGN_ID shows.</param>
public readonly record struct CpuSignature(int Family, int Model, int Stepping, uint Microcode)
{
    /// <summary>EAX of leaf 1 for family 6.</summary>
    public uint Eax => ((uint)(Model >> 4) << 16) | ((uint)Family << 8) | ((uint)(Model & 15) << 4) | (uint)Stepping;
}
