namespace Hearth.Machine;

/// <summary>Guest RAM that the host gets back for as long as the guest has no use for it.</summary>
public interface IReclaimableMemory
{
    /// <summary>
    /// Gives pages back. They read as zeros, and take room again when they are touched. To all others this is a write: code translated from them is
    /// invalidated, and they count as dirty.
    /// </summary>
    /// <param name="start">The start of a page of 4096 bytes.</param>
    /// <param name="length">Bytes, whole pages.</param>
    /// <returns>False, with nothing given back, when these are no whole pages of RAM that may be written, or the host cannot take them.</returns>
    bool TryGiveBack(GuestAddress start, ulong length);
}
