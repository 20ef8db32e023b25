using Hearth.Linux;
using Hearth.Storage;

namespace Hearth.Fuzz.Storage;

/// <summary>A file in memory that never grows beyond a limit.</summary>
internal sealed class MemoryImageStore(byte[] content) : IImageStore
{
    /// <summary>Bytes; an image that makes it larger has found a way to fill a disk.</summary>
    private const long LengthMaximum = 64 << 20;

    private byte[] _content = content;

    public byte[] Content => _content;

    public long MeasureLength() => _content.Length;

    public long? MeasureUsage() => MeasureLength();

    public bool TryLock(bool exclusive) => true;

    public DiskResult Read(ReadOnlySpan<Memory<byte>> to, long offset)
    {
        foreach (Memory<byte> piece in to)
        {
            if (offset < 0 || offset > _content.Length - piece.Length)
                return DiskResult.IoError;
            _content.AsSpan((int)offset, piece.Length).CopyTo(piece.Span);
            offset += piece.Length;
        }

        return DiskResult.Ok;
    }

    public bool TryReadCached(ReadOnlySpan<Memory<byte>> to, long offset) => false;

    public void Prefetch(long offset, long length)
    {
    }

    public DiskResult Write(ReadOnlySpan<Memory<byte>> from, long offset)
    {
        foreach (Memory<byte> piece in from)
        {
            if (offset + piece.Length > _content.Length && SetLength(offset + piece.Length) != DiskResult.Ok)
                return DiskResult.NoSpace;
            piece.Span.CopyTo(_content.AsSpan((int)offset));
            offset += piece.Length;
        }

        return DiskResult.Ok;
    }

    public DiskResult Sync() => DiskResult.Ok;

    public DiskResult PunchHole(long offset, long length)
    {
        _content.AsSpan((int)offset, (int)Math.Min(length, _content.Length - offset)).Clear();
        return DiskResult.Ok;
    }

    public DiskResult SetLength(long length)
    {
        if (length > LengthMaximum)
            return DiskResult.NoSpace;
        Array.Resize(ref _content, (int)length);
        return DiskResult.Ok;
    }

    public void Dispose()
    {
    }
}
