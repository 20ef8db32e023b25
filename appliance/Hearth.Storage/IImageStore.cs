using Hearth.Linux;

namespace Hearth.Storage;

/// <summary>The bytes an image is kept in: a file, or what a test puts in its place. From any thread.</summary>
internal interface IImageStore : IDisposable
{
    /// <summary>Bytes.</summary>
    /// <exception cref="LinuxException">It has no length.</exception>
    long MeasureLength();

    /// <inheritdoc cref="DiskFile.MeasureUsage"/>
    long? MeasureUsage();

    /// <inheritdoc cref="DiskFile.TryLock"/>
    bool TryLock(bool exclusive);

    /// <inheritdoc cref="DiskFile.Read"/>
    DiskResult Read(ReadOnlySpan<Memory<byte>> to, long offset);

    /// <inheritdoc cref="DiskFile.TryReadCached"/>
    bool TryReadCached(ReadOnlySpan<Memory<byte>> to, long offset);

    /// <inheritdoc cref="DiskFile.Prefetch"/>
    void Prefetch(long offset, long length);

    /// <inheritdoc cref="DiskFile.Write"/>
    DiskResult Write(ReadOnlySpan<Memory<byte>> from, long offset);

    /// <inheritdoc cref="DiskFile.SyncData"/>
    DiskResult Sync();

    /// <inheritdoc cref="DiskFile.PunchHole"/>
    DiskResult PunchHole(long offset, long length);

    /// <inheritdoc cref="DiskFile.SetLength"/>
    DiskResult SetLength(long length);
}
