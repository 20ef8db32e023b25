using Hearth.Linux;

namespace Hearth.Storage;

/// <summary>An image in a file or block device of the host.</summary>
/// <param name="file">Open for reading and, unless the image is only read, writing.</param>
/// <param name="isOwned">Whether the descriptor is closed with this.</param>
internal sealed class HostImageStore(FileDescriptor file, bool isOwned = true) : IImageStore
{
    private readonly DiskFile _file = new(file);

    public long MeasureLength() => _file.MeasureLength();

    public long? MeasureUsage() => _file.MeasureUsage();

    public bool TryLock(bool exclusive) => _file.TryLock(exclusive);

    public DiskResult Read(ReadOnlySpan<Memory<byte>> to, long offset) => _file.Read(to, offset);

    public bool TryReadCached(ReadOnlySpan<Memory<byte>> to, long offset) => _file.TryReadCached(to, offset);

    public void Prefetch(long offset, long length) => _file.Prefetch(offset, length);

    public DiskResult Write(ReadOnlySpan<Memory<byte>> from, long offset) => _file.Write(from, offset);

    public DiskResult Sync() => _file.SyncData();

    public DiskResult PunchHole(long offset, long length) => _file.PunchHole(offset, length);

    public DiskResult SetLength(long length) => _file.SetLength(length);

    public void Dispose()
    {
        if (isOwned)
            _file.Dispose();
    }
}
