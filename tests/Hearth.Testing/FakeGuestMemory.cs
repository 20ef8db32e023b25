using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>Guest RAM in an array, from address zero.</summary>
public sealed class FakeGuestMemory(int length) : IGuestMemory, IReclaimableMemory
{
    /// <summary>The RAM itself, for tests to fill and look at.</summary>
    public byte[] Bytes { get; } = new byte[length];

    /// <summary>A range that devices may only read.</summary>
    public (ulong Start, ulong End) WriteProtected { get; set; }

    public bool TryRead(GuestAddress from, Span<byte> to)
    {
        if (!Contains(from, (ulong)to.Length))
            return false;
        Bytes.AsSpan((int)from.Value, to.Length).CopyTo(to);
        return true;
    }

    public bool TryWrite(GuestAddress to, ReadOnlySpan<byte> from)
    {
        if (!IsWritable(to, (ulong)from.Length))
            return false;
        from.CopyTo(Bytes.AsSpan((int)to.Value));
        return true;
    }

    /// <summary>For each byte whether it was said to be written while it was lent.</summary>
    public bool[] IsNoted { get; } = new bool[length];

    public bool TryMap(GuestAddress start, int length, out Memory<byte> memory)
    {
        bool isRam = Contains(start, (ulong)length);
        memory = isRam ? Bytes.AsMemory((int)start.Value, length) : default;
        return isRam;
    }

    /// <summary>Ranges given back, in order, as they were asked for; bounded, so that a flood allocates nothing.</summary>
    public List<(ulong Start, ulong Length)> GivenBack { get; } = new(1024);

    public bool TryGiveBack(GuestAddress start, ulong length)
    {
        if (((start.Value | length) & 0xFFF) != 0 || length == 0 || !Contains(start, length))
            return false;
        Bytes.AsSpan((int)start.Value, (int)length).Clear();
        if (GivenBack.Count < GivenBack.Capacity)
            GivenBack.Add((start.Value, length));
        return true;
    }

    public void NoteWrite(GuestAddress start, int length) => IsNoted.AsSpan((int)start.Value, length).Fill(true);

    public bool Contains(GuestAddress start, ulong length) =>
        start.Value <= (ulong)Bytes.Length && length <= (ulong)Bytes.Length - start.Value;

    public bool IsWritable(GuestAddress start, ulong length) =>
        Contains(start, length) && (start.Value >= WriteProtected.End || start.Value + length <= WriteProtected.Start);
}
