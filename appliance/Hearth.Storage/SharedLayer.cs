namespace Hearth.Storage;

/// <summary>A layer that somebody else closes.</summary>
internal sealed class SharedLayer(IImageLayer layer) : IImageLayer
{
    public ulong Length => layer.Length;

    public void Read(RequestScratch scratch, BufferWindow to, long offset) => layer.Read(scratch, to, offset);

    public bool TryReadCached(ReadOnlyMemory<Memory<byte>> to, long length, long offset) => layer.TryReadCached(to, length, offset);

    public void Dispose()
    {
    }
}
