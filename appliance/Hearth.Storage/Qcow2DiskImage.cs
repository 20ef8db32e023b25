using Hearth.Machine;
using Hearth.Storage.Qcow2;

namespace Hearth.Storage;

/// <summary>A disk in a qcow2 image, with whatever lies below it.</summary>
/// <remarks>
/// Short reads that the caches can answer end inside <see cref="Submit"/>; everything else goes to a few worker threads. The file is locked: one
/// guest writes it, or several read it. What was not flushed is in memory until the image is closed or enough has gathered.
/// A layer more (<see cref="Prepare"/>, <see cref="Push"/>) takes what is written from then on: what lies below is the disk as it was at that instant.
/// </remarks>
public sealed class Qcow2DiskImage : IBlockBackend, IDisposable
{
    private const ulong CachedLengthMaximum = 128 << 10;

    /// <summary>What was on top before, the lowest first. Changed by <see cref="Push"/> alone, when nobody else is here.</summary>
    private readonly List<Qcow2Image> _below = [];

    /// <summary>Held while a layer below is sealed, which waits for the host's disk; never by reads and writes.</summary>
    private readonly Lock _sealing = new();
    private Qcow2Image _image;

    // So many of _below, from the lowest, are sealed. Changed under _sealing.
    private volatile int _sealed;
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

    /// <summary>Opens an empty image that can be put on top of this disk.</summary>
    /// <param name="file">A qcow2 file that nothing was written to, of this disk's length; owned from now on, also when this fails.</param>
    /// <exception cref="StorageException">It is none, or is in use.</exception>
    public DiskLayer Prepare(ChainFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        Qcow2Image image = ImageLayers.OpenOn(file, new SharedLayer(_image), RequestWorkers.ThreadCount);
        if (image.Length == Capacity)
            return new DiskLayer(image);
        image.Dispose();
        throw new StorageException($"The disk '{file.Name}' has {image.Length} bytes and cannot lie on one of {Capacity}.");
    }

    /// <summary>
    /// From now on everything is written to the layer. Nothing may be in flight, <see cref="SealBelow"/> neither. At once: neither disk nor host is waited for.
    /// </summary>
    /// <param name="layer">Made by <see cref="Prepare"/> since the last time; this disk's from now on.</param>
    public void Push(DiskLayer layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        _below.Add(_image);
        _image = layer.Take();
    }

    /// <summary>Whatever lay on top before a <see cref="Push"/> is complete on stable storage afterwards, and others may read it. While the guest goes on, which only reads there.</summary>
    /// <exception cref="StorageException">
    /// The host's disk failed, or is full: the guest goes on, but what it wrote before is not safe, and nothing that lies on it. So this, and the guest's own flushes, fail until
    /// that layer could be sealed; where its tables were lost, for ever.
    /// </exception>
    public void SealBelow()
    {
        // Whoever flushes a disk that has been sealed long ago does not wait for anybody.
        if (_sealed == _below.Count)
            return;
        lock (_sealing)
        {
            for (; _sealed < _below.Count; _sealed++)
                Seal(_below[_sealed]);
        }
    }

    /// <summary>Ends what was submitted, brings everything to stable storage and closes the files.</summary>
    public void Dispose()
    {
        _workers.Dispose();
        foreach (Qcow2Image image in _below)
            Close(image);
        Close(_image);
        foreach (RequestScratch scratch in _scratch)
            scratch.Dispose();
    }

    private static void Seal(Qcow2Image image)
    {
        image.Close();
        image.Metadata.File.Lock(exclusive: false);
    }

    private static void Close(Qcow2Image image)
    {
        try
        {
            image.Close();
        }
        catch (StorageException)
        {
            // Nobody is left to tell: the guest has had no answer to a flush, and the image is whole as of the last one.
        }

        image.Dispose();
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
                    Flush();
                    break;
            }

            return BlockStatus.Ok;
        }
        catch (StorageException error)
        {
            return error.Status;
        }
    }

    /// <summary>What was acknowledged before a cut may be in memory yet, in a layer below: until the save has sealed it, a flush does.</summary>
    private void Flush()
    {
        SealBelow();
        _image.Flush();
    }
}
