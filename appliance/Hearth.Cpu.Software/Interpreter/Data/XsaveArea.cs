namespace Hearth.Cpu.Software;

/// <summary>
/// Places in an XSAVE area (Intel SDM Vol. 1, section 13.4). With AVX as the only extended component, both formats agree.
/// </summary>
internal static class XsaveArea
{
    public const ulong X87 = 1;
    public const ulong Sse = 2;
    public const ulong Avx = 4;

    public const int X87HeadLength = 24;
    public const int MxcsrOffset = 24;
    public const int MxcsrLength = 8;
    public const int RegistersOffset = 32;
    public const int RegistersLength = 128;
    public const int XmmOffset = 160;
    public const int HeaderOffset = 512;
    public const int XcompOffset = 520;
    public const int ReservedOffset = 528;
    public const int AvxOffset = 576;
    public const int Length = 832;

    /// <summary>XCOMP_BV[63]: the compacted format.</summary>
    public const ulong Compacted = 1UL << 63;
}
