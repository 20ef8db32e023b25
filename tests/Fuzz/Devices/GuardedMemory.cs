using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Fuzz.Devices;

/// <summary>
/// RAM as a PC has it, with the legacy video hole and an end, between guard areas: bytes that are none of the guest's memory, and that nobody may change. What
/// a device has to know to be RAM, and is not, is an exception.
/// </summary>
internal sealed class GuardedMemory : IGuestMemory, IReclaimableMemory
{
    public const int HoleStart = 0xA_0000;
    public const int HoleEnd = 0xC_0000;
    public const int End = 0xF_0000;

    private const int LongestLoan = 1 << 30;
    private const byte Guard = 0xA5;

    // Far more than the longest request takes that a device accepts.
    private const int MostAccesses = 16_000_000;

    private readonly FakeGuestMemory _ram;
    private int _accesses;

    /// <param name="ram">Longer than <see cref="End"/>.</param>
    public GuardedMemory(FakeGuestMemory ram)
    {
        _ram = ram;
        Hole.Fill(Guard);
        Tail.Fill(Guard);
    }

    private Span<byte> Hole => _ram.Bytes.AsSpan(HoleStart..HoleEnd);

    private Span<byte> Tail => _ram.Bytes.AsSpan(End);

    public bool TryRead(GuestAddress from, Span<byte> to)
    {
        if (_accesses++ == MostAccesses)
            throw new InvalidOperationException("memory is read again and again without an end");
        return Contains(from, (ulong)to.Length) && _ram.TryRead(from, to);
    }

    public bool TryWrite(GuestAddress to, ReadOnlySpan<byte> from) => Contains(to, (ulong)from.Length) && _ram.TryWrite(to, from);

    /// <summary>Another operation begins: what a device does for one of them has an end.</summary>
    public void Begin() => _accesses = 0;

    public bool TryMap(GuestAddress start, int length, out Memory<byte> memory)
    {
        if (length is < 0 or > LongestLoan)
            throw new InvalidOperationException($"{length} bytes are asked for on loan");
        memory = default;
        return Contains(start, (ulong)length) && _ram.TryMap(start, length, out memory);
    }

    public void NoteWrite(GuestAddress start, int length)
    {
        if (length < 0 || !Contains(start, (ulong)length))
            throw new InvalidOperationException($"{length} bytes at {start} were written, and are not in memory");
        _ram.NoteWrite(start, length);
    }

    public bool TryGiveBack(GuestAddress start, ulong length) => Contains(start, length) && _ram.TryGiveBack(start, length);

    public bool Contains(GuestAddress start, ulong length) => start.Value < HoleEnd
        ? start.Value <= HoleStart && length <= HoleStart - start.Value
        : start.Value <= End && length <= End - start.Value;

    public bool IsWritable(GuestAddress start, ulong length) => Contains(start, length);

    /// <exception cref="InvalidOperationException">A guard area is not what it was.</exception>
    public void Check()
    {
        if (Hole.ContainsAnyExcept(Guard) || Tail.ContainsAnyExcept(Guard))
            throw new InvalidOperationException("bytes outside guest memory were written");
    }
}
