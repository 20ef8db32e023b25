using System.Buffers.Binary;
using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Storage;

/// <summary>An image's file by the name the user knows: whatever the host refuses becomes one sentence with the offset. From any thread.</summary>
internal sealed class ImageFile : IDisposable
{
    // What the file grows by at once; the rest is given back when it is closed.
    private const long GrowthStep = 1 << 20;

    private readonly IImageStore _store;
    private long _length;
    private long _durableLength;
    private volatile bool _hasFailedSync;

    /// <param name="store">Owned from now on.</param>
    /// <param name="name">What the user calls it.</param>
    /// <exception cref="StorageException">It is no file.</exception>
    public ImageFile(IImageStore store, string name)
    {
        _store = store;
        Name = name;
        try
        {
            _length = _durableLength = store.MeasureLength();
        }
        catch (LinuxException error)
        {
            store.Dispose();
            throw new StorageException($"The disk '{name}' cannot be used: {error.Message}.", error);
        }
    }

    public string Name { get; }

    /// <summary>Bytes, what was grown in advance included. Changed under the lock of who allocates.</summary>
    public long Length => Volatile.Read(ref _length);

    /// <summary>
    /// A power cut may leave the file shorter than it is: it has grown since it was last brought to stable storage. What says that there is something
    /// beyond the old end comes after <see cref="Sync"/>.
    /// </summary>
    public bool HasGrown => Length > Volatile.Read(ref _durableLength);

    /// <inheritdoc cref="DiskFile.MeasureUsage"/>
    /// <exception cref="StorageException">The host does not say.</exception>
    public long? MeasureUsage()
    {
        try
        {
            return _store.MeasureUsage();
        }
        catch (LinuxException error)
        {
            throw new StorageException($"The disk '{Name}' cannot be used: {error.Message}.", error);
        }
    }

    /// <summary>One writer, or any number of readers.</summary>
    /// <exception cref="StorageException">Somebody else has it.</exception>
    public void Lock(bool exclusive)
    {
        if (!TryLock(exclusive))
            throw new StorageException($"The disk '{Name}' is in use by another guest, or given twice.");
    }

    /// <inheritdoc cref="Lock"/>
    /// <returns>False when somebody else has it.</returns>
    /// <exception cref="StorageException">The file system knows no locks.</exception>
    public bool TryLock(bool exclusive)
    {
        try
        {
            return _store.TryLock(exclusive);
        }
        catch (LinuxException error)
        {
            throw new StorageException($"The disk '{Name}' cannot be used: {error.Message}.", error);
        }
    }

    public void Read(Memory<byte> to, long offset) => Read([to], offset);

    public void Read(ReadOnlySpan<Memory<byte>> to, long offset) => Require(_store.Read(to, offset), "read", offset);

    public bool TryReadCached(ReadOnlySpan<Memory<byte>> to, long offset) => _store.TryReadCached(to, offset);

    /// <summary>Has a range read that will be needed soon.</summary>
    public void Prefetch(long offset, long length) => _store.Prefetch(offset, length);

    public void Write(Memory<byte> from, long offset) => Write([from], offset);

    public void Write(ReadOnlySpan<Memory<byte>> from, long offset) => Require(_store.Write(from, offset), "written", offset);

    public void WriteUInt64(ulong value, long offset)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        Write(bytes, offset);
    }

    /// <summary>Everything written before is on stable storage.</summary>
    /// <remarks>The host tells a failure once (fsync(2)) and has dropped what it could not write: after one there is never success again.</remarks>
    public void Sync()
    {
        long length = Length;
        DiskResult result = _hasFailedSync ? DiskResult.IoError : _store.Sync();
        if (result != DiskResult.Ok)
            _hasFailedSync = true;
        Require(result, "brought to stable storage", 0);
        Volatile.Write(ref _durableLength, length);
    }

    /// <summary>Gives a range back to the file system where that can be done.</summary>
    public void PunchHole(long offset, long length)
    {
        // Whatever goes wrong, the range only stays where it is.
        _ = _store.PunchHole(offset, length);
    }

    /// <summary>Makes the file at least so long, in steps. Comes before every write that goes beyond <see cref="Length"/>.</summary>
    public void EnsureLength(long length)
    {
        if (length > Length)
            SetLength((length + GrowthStep - 1) / GrowthStep * GrowthStep);
    }

    public void SetLength(long length)
    {
        Require(_store.SetLength(length), "given its length", length);
        Volatile.Write(ref _length, length);
        if (length < Volatile.Read(ref _durableLength))
            Volatile.Write(ref _durableLength, length);
    }

    public void Dispose() => _store.Dispose();

    private void Require(DiskResult result, string verb, long offset)
    {
        if (result == DiskResult.Ok)
            return;
        BlockStatus status = result == DiskResult.NoSpace ? BlockStatus.NoSpace : BlockStatus.IoError;
        string cause = status == BlockStatus.NoSpace ? "no space is left" : "the host's disk failed, or the file was cut short";
        throw new StorageException($"The disk '{Name}' cannot be {verb} at offset {offset}: {cause}.", status);
    }
}
