namespace Hearth.Cpu.Software;

/// <summary>What of a block's code depends on where it lies, or on the run it was made in.</summary>
internal enum RelocationKind
{
    /// <summary>The displacement of a jump or call to a stub.</summary>
    Stub,

    /// <summary>The number of a kept instruction; the value is its page offset and, above 12 bits, a <see cref="KeptReason"/>.</summary>
    Kept,

    /// <summary>The displacement of a jump to another block, which leads to the block's own chain stub at first.</summary>
    Chain,

    /// <summary>The number of the physical page.</summary>
    Page,
}

/// <param name="Offset">Bytes from the block's start, up to <see cref="LongestBlock"/>.</param>
/// <param name="Value">14 bits.</param>
internal readonly record struct Relocation(RelocationKind Kind, int Offset, int Value)
{
    public const int LongestBlock = 1 << OffsetBits;
    private const int OffsetBits = 16;
    private const int KindShift = 30;

    public static Relocation Unpack(uint packed) =>
        new((RelocationKind)(packed >> KindShift), (ushort)packed, (int)(packed >> OffsetBits) & 0x3FFF);

    public uint Pack() => ((uint)Kind << KindShift) | ((uint)Value << OffsetBits) | (ushort)Offset;
}
