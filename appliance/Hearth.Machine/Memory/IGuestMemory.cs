namespace Hearth.Machine;

/// <summary>Guest RAM as devices see it. No reference into it is ever handed out: a guest changes it at any time.</summary>
/// <remarks>
/// A copy of 2, 4 or 8 bytes at an address that is a multiple of its length is one single access, so that another thread
/// never sees half of it: ring indices and page-table entries depend on that. Longer copies have no such promise.
/// </remarks>
public interface IGuestMemory
{
    /// <summary>Copies out of guest RAM.</summary>
    /// <returns>False, with nothing copied, when any byte lies outside RAM.</returns>
    bool TryRead(GuestAddress from, Span<byte> to);

    /// <summary>Copies into guest RAM; code translated from these bytes is invalidated and the pages count as dirty.</summary>
    /// <returns>False, with nothing written, when any byte lies outside RAM.</returns>
    bool TryWrite(GuestAddress to, ReadOnlySpan<byte> from);

    /// <summary>True when the whole range is RAM.</summary>
    bool Contains(GuestAddress start, ulong length);
}
