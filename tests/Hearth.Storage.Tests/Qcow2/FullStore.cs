using Hearth.Linux;

namespace Hearth.Storage.Tests.Qcow2;

/// <summary>A file on a disk that has room for so many bytes and no more.</summary>
internal sealed class FullStore(byte[] content, long limit) : IImageStore
{
    private readonly CrashableStore _inner = new(content);

    public byte[] Content => _inner.Cut(new Random(1), 1);

    public long MeasureLength() => _inner.MeasureLength();

    public long? MeasureUsage() => MeasureLength();

    public bool TryLock(bool exclusive) => true;

    public DiskResult Read(ReadOnlySpan<Memory<byte>> to, long offset)
    {
        lock (_inner)
            return _inner.Read(to, offset);
    }

    public bool TryReadCached(ReadOnlySpan<Memory<byte>> to, long offset) => false;

    public void Prefetch(long offset, long length)
    {
    }

    public DiskResult Write(ReadOnlySpan<Memory<byte>> from, long offset)
    {
        long length = 0;
        foreach (Memory<byte> piece in from)
            length += piece.Length;
        lock (_inner)
            return offset + length > limit ? DiskResult.NoSpace : _inner.Write(from, offset);
    }

    public DiskResult Sync()
    {
        lock (_inner)
            return _inner.Sync();
    }

    public DiskResult PunchHole(long offset, long length) => DiskResult.NotSupported;

    public DiskResult SetLength(long length)
    {
        // A hole takes no room.
        lock (_inner)
            return _inner.SetLength(length);
    }

    public void Dispose()
    {
    }
}
