namespace Hearth.Storage;

/// <summary>A raw image below another: read only.</summary>
internal sealed class RawLayer : IImageLayer
{
    private readonly ImageFile _file;

    /// <param name="file">Owned from now on.</param>
    public RawLayer(ImageFile file) => _file = file;

    public ulong Length => (ulong)_file.Length;

    public void Read(RequestScratch scratch, BufferWindow to, long offset)
    {
        long inside = Math.Clamp(_file.Length - offset, 0, to.Length);
        if (inside > 0)
            _file.Read(scratch.Gather(to.Slice(0, inside)), offset);
        to.Slice(inside, to.Length - inside).Clear();
    }

    public bool TryReadCached(ReadOnlyMemory<Memory<byte>> to, long length, long offset) =>
        offset <= _file.Length - length && _file.TryReadCached(to.Span, offset);

    public void Dispose() => _file.Dispose();
}
