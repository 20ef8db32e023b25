namespace Hearth.Machine;

public enum BlockOperation
{
    Read,
    Write,

    /// <summary>All writes completed before this was submitted are on stable storage when it completes.</summary>
    Flush,

    /// <summary>The range holds nothing of value any more; what it reads as afterwards is not said.</summary>
    Discard,

    /// <summary>The range reads as zeroes afterwards and stays allocated.</summary>
    WriteZeroes,
}

public enum BlockStatus
{
    Ok,
    IoError,
    NoSpace,
}

/// <summary>One request to an <see cref="IBlockBackend"/>.</summary>
/// <param name="Offset">Bytes from the start of the disk.</param>
/// <param name="Length">Bytes; the length of all <paramref name="Buffers"/> for reads and writes.</param>
/// <param name="Buffers">Where the data of a read or write lie, in order: guest RAM as a rule, which the guest may change meanwhile. Empty otherwise.</param>
/// <param name="Tag">Handed back with the completion.</param>
public readonly record struct BlockRequest(
    BlockOperation Operation, ulong Offset, ulong Length, ReadOnlyMemory<Memory<byte>> Buffers, IBlockCompletion Completion, int Tag);

/// <summary>Takes the ends of requests.</summary>
public interface IBlockCompletion
{
    /// <param name="tag">The request's tag.</param>
    void Complete(int tag, BlockStatus status);
}
