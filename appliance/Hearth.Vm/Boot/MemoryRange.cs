namespace Hearth.Vm.Boot;

/// <summary>A piece of the guest-physical address space.</summary>
/// <param name="Length">Bytes.</param>
internal readonly record struct MemoryRange(ulong Start, ulong Length)
{
    /// <summary>The first byte behind it. Ranges never reach the end of the 64-bit space.</summary>
    public ulong End => Start + Length;

    public bool Overlaps(MemoryRange other) => Start < other.End && other.Start < End;

    public bool Contains(MemoryRange other) => other.Start >= Start && other.Length <= Length && other.Start - Start <= Length - other.Length;
}
