namespace Hearth.Storage.Qcow2;

/// <summary>
/// Pieces of L2 tables or refcount blocks, a limited number of them, replaced by the clock algorithm. Nothing is written but when it is told to,
/// because the order of writes is what keeps an image whole. Owned by the image's lock.
/// </summary>
internal sealed class MetadataCache
{
    /// <summary>Bytes of a slice where clusters are not smaller: 512 L2 entries.</summary>
    public const int SliceLengthMaximum = 4096;

    private readonly ImageFile _file;
    private readonly int _capacity;
    private readonly Dictionary<long, MetadataSlice> _byOffset;
    private readonly List<MetadataSlice> _slices = [];
    private int _hand;

    /// <param name="clusterLength">A slice never goes beyond a cluster.</param>
    /// <param name="budget">Bytes to keep at most, but for what is dirty.</param>
    public MetadataCache(ImageFile file, long clusterLength, int budget)
    {
        _file = file;
        SliceLength = (int)Math.Min(clusterLength, SliceLengthMaximum);
        _capacity = budget / SliceLength;
        _byOffset = new Dictionary<long, MetadataSlice>(_capacity);
    }

    public int SliceLength { get; }

    public int Capacity => _capacity;

    public int DirtyCount { get; private set; }

    /// <summary>The slice at an offset that is a multiple of the slice's length, if it is here.</summary>
    public bool TryGet(long offset, out MetadataSlice slice)
    {
        if (!_byOffset.TryGetValue(offset, out slice!))
            return false;
        slice.IsRecent = true;
        return true;
    }

    /// <summary>The slice, read from the file where it is not here. What lies beyond the file's end is zeros.</summary>
    /// <exception cref="StorageException">The host's disk failed.</exception>
    public MetadataSlice Get(long offset)
    {
        if (TryGet(offset, out MetadataSlice found))
            return found;
        MetadataSlice slice = Take();
        int available = (int)Math.Clamp(_file.Length - offset, 0, SliceLength);
        _file.Read(slice.Data.AsMemory(0, available), offset);
        slice.Data.AsSpan(available).Clear();
        slice.Offset = offset;
        slice.IsRecent = true;
        _byOffset.Add(offset, slice);
        return slice;
    }

    public void MarkDirty(MetadataSlice slice)
    {
        if (slice.IsDirty)
            return;
        slice.IsDirty = true;
        DirtyCount++;
    }

    /// <summary>Writes what is not in the file yet. It is on stable storage only after a sync.</summary>
    /// <exception cref="StorageException">The host's disk failed; what was not written stays dirty.</exception>
    public void WriteDirty()
    {
        for (int i = 0; i < _slices.Count && DirtyCount > 0; i++)
        {
            if (_slices[i].IsDirty)
                Write(_slices[i]);
        }
    }

    /// <summary>Forgets a table that is no longer one.</summary>
    public void Forget(long offset, long length)
    {
        for (long at = offset; at < offset + length; at += SliceLength)
        {
            if (!_byOffset.Remove(at, out MetadataSlice? slice))
                continue;
            slice.Offset = -1;
            DirtyCount -= slice.IsDirty ? 1 : 0;
            slice.IsDirty = false;
        }
    }

    private void Write(MetadataSlice slice)
    {
        _file.EnsureLength(slice.Offset + SliceLength);
        _file.Write(slice.Data, slice.Offset);
        slice.IsDirty = false;
        DirtyCount--;
    }

    /// <summary>A slice to fill: a new one, or one that nobody has looked at for long. It belongs to no offset until it is filled.</summary>
    private MetadataSlice Take()
    {
        for (int i = 0; _slices.Count >= _capacity && i < 2 * _slices.Count; i++)
        {
            MetadataSlice slice = _slices[_hand];
            _hand = (_hand + 1) % _slices.Count;
            if (slice.IsRecent || slice.IsDirty)
            {
                slice.IsRecent = false;
                continue;
            }

            _ = _byOffset.Remove(slice.Offset);
            slice.Offset = -1;
            return slice;
        }

        // All are dirty: more than they should be, but nothing may be lost.
        var added = new MetadataSlice(SliceLength);
        _slices.Add(added);
        return added;
    }
}
