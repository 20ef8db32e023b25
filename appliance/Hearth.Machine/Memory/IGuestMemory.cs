namespace Hearth.Machine;

/// <summary>Guest RAM as devices see it. What is looked at is copied first: a guest changes it at any time.</summary>
/// <remarks>
/// Data that nobody here looks at need no copy: <see cref="TryMap"/> gives the host's kernel the guest's own memory to read and write.
/// A copy of 2, 4 or 8 bytes at an address that is a multiple of its length is one single access, so that another thread
/// never sees half of it: ring indices and page-table entries depend on that. Longer copies have no such promise.
/// </remarks>
public interface IGuestMemory
{
    /// <summary>Copies out of guest RAM.</summary>
    /// <returns>False, with nothing copied, when any byte lies outside RAM.</returns>
    bool TryRead(GuestAddress from, Span<byte> to);

    /// <summary>Copies into guest RAM; code translated from these bytes is invalidated and the pages count as dirty.</summary>
    /// <returns>False, with nothing written, when any byte lies outside RAM or is write-protected.</returns>
    bool TryWrite(GuestAddress to, ReadOnlySpan<byte> from);

    /// <summary>Lends the memory itself, for a transfer by the host's kernel. Valid while the machine exists; it does not move.</summary>
    /// <remarks>
    /// A state that is being saved keeps each page as it was at its instant: that is asked for here, when memory is lent, and not when it is written. So nobody has lent memory that is
    /// yet to be written over such an instant: a device ends what is in flight when it is paused (<see cref="IPausableDevice.Pause"/>), and asks for memory anew when it goes on.
    /// </remarks>
    /// <param name="length">Bytes, at most 1 GiB.</param>
    /// <returns>False when any byte lies outside RAM. What is to be written must be <see cref="IsWritable"/> too.</returns>
    bool TryMap(GuestAddress start, int length, out Memory<byte> memory);

    /// <summary>To be called after lent memory was written: code translated from these bytes is invalidated and the pages count as dirty.</summary>
    /// <param name="start">The whole range is RAM.</param>
    void NoteWrite(GuestAddress start, int length);

    /// <summary>True when the whole range is RAM.</summary>
    bool Contains(GuestAddress start, ulong length);

    /// <summary>True when the whole range is RAM and no part of it is write-protected, as shadow memory can be.</summary>
    bool IsWritable(GuestAddress start, ulong length);
}
