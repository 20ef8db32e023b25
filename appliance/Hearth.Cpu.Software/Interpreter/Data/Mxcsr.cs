namespace Hearth.Cpu.Software;

/// <summary>The SSE control and status register (Intel SDM Vol. 1, section 10.2.3).</summary>
internal static class Mxcsr
{
    public const uint Initial = 0x1F80;

    /// <summary>The bits that may be set, as FXSAVE reports them. Without AMD's bit 17, so that a guest can move to any host.</summary>
    public const uint Mask = 0xFFFF;

    /// <summary>LDMXCSR, FXRSTOR and XRSTOR refuse the rest with #GP(0).</summary>
    public static bool IsValid(uint value) => (value & ~Mask) == 0;
}
