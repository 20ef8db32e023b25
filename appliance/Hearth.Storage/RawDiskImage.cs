using Hearth.Linux;
using Hearth.Machine;
using Hearth.Storage.Qcow2;

namespace Hearth.Storage;

/// <summary>A raw disk image: byte N of the disk is byte N of a file or block device.</summary>
/// <remarks>
/// Short reads that the page cache can answer end inside <see cref="Submit"/>; everything else goes to a few worker threads, so
/// several requests are in flight and a slow disk stops no vCPU. The file is locked: one guest writes it, or several read it.
/// </remarks>
public sealed class RawDiskImage : IBlockBackend, IDisposable
{
    private const uint SectorLength = 512;

    /// <summary>Bytes that a vCPU's thread copies itself: longer than that takes longer than to wake a worker, and the guest could go on meanwhile.</summary>
    private const ulong CachedLengthMaximum = 128 << 10;

    private static readonly Memory<byte> s_zeroes = new byte[64 << 10];

    private readonly DiskFile _file;
    private readonly RequestWorkers _workers;
    private readonly bool _guardsFormat;
    private readonly RequestScratch[] _scratch = new RequestScratch[RequestWorkers.ThreadCount];
    private volatile bool _hasFailedSync;
    private volatile bool _canPunch = true;
    private volatile bool _canZero = true;

    /// <param name="file">The open file; owned from now on.</param>
    /// <param name="name">What the user calls it, for messages.</param>
    /// <param name="readOnly">Refuses writes; several guests may share it.</param>
    /// <param name="guardsFormat">
    /// Nobody said that it is raw, it only looked like it: then a guest may not write what would make it look like qcow2 the next time.
    /// </param>
    /// <exception cref="StorageException">It is empty, of odd size, no disk, or in use.</exception>
    public RawDiskImage(FileDescriptor file, string name, bool readOnly, bool guardsFormat = false)
    {
        _file = new DiskFile(file);
        try
        {
            Capacity = Validate(name, readOnly);
        }
        catch
        {
            _file.Dispose();
            throw;
        }

        IsReadOnly = readOnly;
        _guardsFormat = guardsFormat;
        for (int i = 0; i < _scratch.Length; i++)
            _scratch[i] = new RequestScratch(i);
        _workers = new RequestWorkers(name, Execute);
    }

    public ulong Capacity { get; }

    public uint BlockSize => SectorLength;

    public bool IsReadOnly { get; }

    public bool CanDiscard => !IsReadOnly;

    public void Submit(in BlockRequest request)
    {
        if (!IsInside(request))
            request.Completion.Complete(request.Tag, BlockStatus.IoError);
        else if (request is { Operation: BlockOperation.Read, Length: <= CachedLengthMaximum } && _file.TryReadCached(request.Buffers.Span, (long)request.Offset))
            request.Completion.Complete(request.Tag, BlockStatus.Ok);
        else
            _workers.Enqueue(request);
    }

    /// <summary>Ends what was submitted and closes the file.</summary>
    public void Dispose()
    {
        _workers.Dispose();
        _file.Dispose();
    }

    private ulong Validate(string name, bool readOnly)
    {
        try
        {
            long length = _file.MeasureLength();
            if (length == 0)
                throw new StorageException($"The disk '{name}' is empty.");
            if (length % SectorLength != 0)
                throw new StorageException($"The disk '{name}' has {length} bytes, which is not a multiple of {SectorLength}.");
            if (!_file.TryLock(exclusive: !readOnly))
                throw new StorageException($"The disk '{name}' is in use by another guest, or given twice.");
            return (ulong)length;
        }
        catch (LinuxException e)
        {
            throw new StorageException($"The disk '{name}' cannot be used: {e.Message}.", e);
        }
    }

    private bool IsInside(in BlockRequest request) =>
        request.Offset <= Capacity && request.Length <= Capacity - request.Offset
        && (!IsReadOnly || request.Operation is BlockOperation.Read or BlockOperation.Flush);

    private BlockStatus Execute(int worker, in BlockRequest request)
    {
        DiskResult result = request.Operation switch
        {
            BlockOperation.Write when _guardsFormat && request.Offset == 0 => WriteStart(_scratch[worker], request),
            BlockOperation.Read => _file.Read(request.Buffers.Span, (long)request.Offset),
            BlockOperation.Write => _file.Write(request.Buffers.Span, (long)request.Offset),
            BlockOperation.Flush => Flush(),
            BlockOperation.Discard => Discard(request),
            _ => WriteZeroes(request),
        };
        return result switch
        {
            DiskResult.Ok => BlockStatus.Ok,
            DiskResult.NoSpace => BlockStatus.NoSpace,
            _ => BlockStatus.IoError,
        };
    }

    /// <summary>The host tells a failure once (fsync(2)) and has dropped what it could not write: after one there is never success again.</summary>
    private DiskResult Flush()
    {
        DiskResult result = _hasFailedSync ? DiskResult.IoError : _file.SyncData();
        if (result != DiskResult.Ok)
            _hasFailedSync = true;
        return result;
    }

    /// <summary>Writes the first sector from a copy that was looked at: the guest may change its own meanwhile.</summary>
    private DiskResult WriteStart(RequestScratch scratch, in BlockRequest request)
    {
        var window = new BufferWindow(request.Buffers, 0, (long)request.Length);
        int copied = (int)Math.Min(SectorLength, request.Length);
        Memory<byte> start = scratch.Fill(copied);
        window.Slice(0, copied).CopyTo(start.Span);
        return Qcow2Header.HasMagic(start.Span) || ForeignFormat.Recognise(start.Span) is not null
            ? DiskResult.IoError
            : _file.Write(scratch.Gather(window.Slice(copied, window.Length - copied), before: start), 0);
    }

    private DiskResult Discard(in BlockRequest request)
    {
        if (!_canPunch)
            return DiskResult.Ok;
        DiskResult result = _file.PunchHole((long)request.Offset, (long)request.Length);
        if (result != DiskResult.NotSupported)
            return result;
        _canPunch = false;
        return DiskResult.Ok;
    }

    private DiskResult WriteZeroes(in BlockRequest request)
    {
        if (_canZero)
        {
            DiskResult result = _file.ZeroRange((long)request.Offset, (long)request.Length);
            if (result != DiskResult.NotSupported)
                return result;
            _canZero = false;
        }

        return WriteZeroesByHand((long)request.Offset, (long)request.Length);
    }

    private DiskResult WriteZeroesByHand(long offset, long length)
    {
        while (length > 0)
        {
            Memory<byte> part = s_zeroes[..(int)Math.Min(length, s_zeroes.Length)];
            DiskResult result = _file.Write([part], offset);
            if (result != DiskResult.Ok)
                return result;
            offset += part.Length;
            length -= part.Length;
        }

        return DiskResult.Ok;
    }
}
