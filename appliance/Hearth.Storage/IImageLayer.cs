using Hearth.Machine;

namespace Hearth.Storage;

/// <summary>One file of a chain: what reads through it goes to the layer below where this one has nothing. From any thread.</summary>
internal interface IImageLayer : IDisposable
{
    /// <summary>Bytes of the disk as this layer has it.</summary>
    ulong Length { get; }

    /// <summary>Fills the window with what is at an offset of the disk; zeros beyond its end.</summary>
    /// <exception cref="StorageException">The host's disk failed, or the image is damaged there.</exception>
    void Read(RequestScratch scratch, BufferWindow to, long offset);

    /// <summary>The same without waiting, where all of it lies in one piece in the page cache.</summary>
    /// <param name="to">All of a request's pieces.</param>
    /// <returns>False when it does not; the buffers may hold anything then.</returns>
    bool TryReadCached(ReadOnlyMemory<Memory<byte>> to, long length, long offset);
}
