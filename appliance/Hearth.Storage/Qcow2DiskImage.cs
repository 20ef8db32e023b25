using Hearth.Machine;
using Hearth.Storage.Qcow2;

namespace Hearth.Storage;

/// <summary>A disk in a qcow2 image, with whatever lies below it.</summary>
/// <remarks>
/// Short reads that the caches can answer end inside <see cref="Submit"/>; everything else goes to a few worker threads. The file is locked: one
/// guest writes it, or several read it. What was not flushed is in memory until the image is closed or enough has gathered.
/// </remarks>
public sealed class Qcow2DiskImage : IBlockBackend, IDisposable
{
    private const ulong CachedLengthMaximum = 128 << 10;

    private readonly Qcow2Image _image;
    private readonly RequestWorkers _workers;
    private readonly RequestScratch[] _scratch = new RequestScratch[RequestWorkers.ThreadCount];

    /// <param name="chain">Open files, the disk's own first; owned from now on, also when this fails.</param>
    /// <param name="readOnly">Refuses writes; several guests may share it.</param>
    /// <exception cref="StorageException">A file is damaged, of a kind that is not supported, or in use.</exception>
    public Qcow2DiskImage(IReadOnlyList<ChainFile> chain, bool readOnly)
        : this(ImageLayers.Open(chain, readOnly, RequestWorkers.ThreadCount), chain[0].Name, readOnly)
    {
    }

    internal Qcow2DiskImage(Qcow2Image image, string name, bool readOnly)
    {
        _image = image;
        IsReadOnly = readOnly;
        for (int i = 0; i < _scratch.Length; i++)
            _scratch[i] = new RequestScratch(i);
        _workers = new RequestWorkers(name, Execute);
    }

    public ulong Capacity => _image.Length;

    public uint BlockSize => Qcow2Layout.SectorLength;

    public bool IsReadOnly { get; }

    public bool CanDiscard => !IsReadOnly;

    public void Submit(in BlockRequest request)
    {
        if (!IsInside(request))
            request.Completion.Complete(request.Tag, BlockStatus.IoError);
        else if (request is { Operation: BlockOperation.Read, Length: <= CachedLengthMaximum } && _image.TryReadCached(request.Buffers, (long)request.Length, (long)request.Offset))
            request.Completion.Complete(request.Tag, BlockStatus.Ok);
        else
            _workers.Enqueue(request);
    }

    /// <summary>Ends what was submitted, brings everything to stable storage and closes the files.</summary>
    public void Dispose()
    {
        _workers.Dispose();
        try
        {
            _image.Close();
        }
        catch (StorageException)
        {
            // Nobody is left to tell: the guest has had no answer to a flush, and the image is whole as of the last one.
        }

        _image.Dispose();
        foreach (RequestScratch scratch in _scratch)
            scratch.Dispose();
    }

    private bool IsInside(in BlockRequest request) =>
        request.Offset <= Capacity && request.Length <= Capacity - request.Offset
        && (!IsReadOnly || request.Operation is BlockOperation.Read or BlockOperation.Flush);

    private BlockStatus Execute(int worker, in BlockRequest request)
    {
        RequestScratch scratch = _scratch[worker];
        var window = new BufferWindow(request.Buffers, 0, (long)request.Length);
        long offset = (long)request.Offset;
        try
        {
            switch (request.Operation)
            {
                case BlockOperation.Read:
                    _image.Read(scratch, window, offset);
                    break;
                case BlockOperation.Write:
                    _image.Write(scratch, window, offset);
                    break;
                case BlockOperation.Discard:
                    _image.Discard(scratch, offset, (long)request.Length);
                    break;
                case BlockOperation.WriteZeroes:
                    _image.WriteZeros(scratch, offset, (long)request.Length);
                    break;
                default:
                    _image.Flush();
                    break;
            }

            return BlockStatus.Ok;
        }
        catch (StorageException error)
        {
            return error.Status;
        }
    }
}
