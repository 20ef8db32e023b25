namespace Hearth.Cpu.Software;

/// <summary>What is told of a jump that may be patched, at the return address of <see cref="ExitReason.Chain"/>.</summary>
/// <remarks>Bits 0–11 the target's offset in the page, 12 the jump looks for a kick, 13–31 the bytes from past the jump's displacement to here.</remarks>
internal readonly record struct ChainDetail(uint Value)
{
    private const uint TargetMask = 0xFFF;
    private const uint CheckedBit = 1 << 12;
    private const int DistanceShift = 13;

    /// <param name="distance">Less than <see cref="CodeCache.BlockReserve"/>, as all distances in a block.</param>
    public ChainDetail(int target, bool isChecked, int distance)
        : this((uint)target | (isChecked ? CheckedBit : 0) | ((uint)distance << DistanceShift))
    {
    }

    public uint Target => Value & TargetMask;

    public bool IsChecked => (Value & CheckedBit) != 0;

    public int Distance => (int)(Value >> DistanceShift);
}
