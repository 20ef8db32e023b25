using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>Guest RAM in an array, from address zero.</summary>
public sealed class FakeGuestMemory(int length) : IGuestMemory
{
    /// <summary>The RAM itself, for tests to fill and look at.</summary>
    public byte[] Bytes { get; } = new byte[length];

    public bool TryRead(GuestAddress from, Span<byte> to)
    {
        if (!Contains(from, (ulong)to.Length))
            return false;
        Bytes.AsSpan((int)from.Value, to.Length).CopyTo(to);
        return true;
    }

    public bool TryWrite(GuestAddress to, ReadOnlySpan<byte> from)
    {
        if (!Contains(to, (ulong)from.Length))
            return false;
        from.CopyTo(Bytes.AsSpan((int)to.Value));
        return true;
    }

    public bool Contains(GuestAddress start, ulong length) =>
        start.Value <= (ulong)Bytes.Length && length <= (ulong)Bytes.Length - start.Value;
}
