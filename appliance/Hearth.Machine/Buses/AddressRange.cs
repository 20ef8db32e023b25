namespace Hearth.Machine;

/// <summary>A half-open range of addresses, in bytes: [<paramref name="Start"/>, <paramref name="Start"/> + <paramref name="Length"/>).</summary>
public readonly record struct AddressRange(ulong Start, ulong Length)
{
    /// <summary>The first address past the range; zero when the range ends at 2^64.</summary>
    public ulong End => Start + Length;

    public bool Contains(ulong address) => address - Start < Length;

    public bool Overlaps(AddressRange other) => Start - other.Start < other.Length || other.Start - Start < Length;

    public override string ToString() => $"0x{Start:x}..0x{Start + Length - 1:x}";
}
