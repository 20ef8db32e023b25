using Hearth.Machine;
using static Hearth.Storage.Qcow2.Qcow2Layout;

namespace Hearth.Storage.Qcow2;

/// <summary>A qcow2 image, version 2 or 3: reads, writes, zeros and discards from several threads at once.</summary>
/// <remarks>
/// Data move between the file and the caller's buffers without a copy and without a lock. A write that needs clusters takes them, writes the data
/// with what is kept of the old clusters around them, and only then are they entered into the tables; other changes to these clusters wait meanwhile.
/// </remarks>
internal sealed class Qcow2Image : IImageLayer
{
    private static readonly Memory<byte>[] s_zeros = [new byte[1 << 20]];

    private readonly Qcow2Metadata _metadata;
    private readonly ImageFile _file;
    private readonly Qcow2Mapping _mapping;
    private readonly IImageLayer? _backing;
    private readonly object _gate;

    /// <summary>What each worker is about to replace; under the lock.</summary>
    private readonly ClusterRange[] _replacing;

    /// <param name="file">Owned from now on, also when this fails.</param>
    /// <param name="backing">What lies below; owned from now on.</param>
    /// <param name="workers">How many threads change it at once.</param>
    /// <param name="length">Bytes of the disk, where they are not yet those that the header says; its L1 table has room for them.</param>
    /// <exception cref="StorageException">It is damaged, or of a kind that is not supported.</exception>
    public Qcow2Image(ImageFile file, IImageLayer? backing, bool isReadOnly, int workers, ulong? length = null)
    {
        try
        {
            Header = isReadOnly ? Qcow2Header.Read(file) : ReadForWriting(file);
            Header = Header with { Size = length ?? Header.Size };
            _metadata = isReadOnly ? new Qcow2Metadata(file, Header, isReadOnly) : Qcow2Metadata.OpenForWriting(file, Header);
        }
        catch
        {
            file.Dispose();
            backing?.Dispose();
            throw;
        }

        _file = file;
        _mapping = _metadata.Mapping;
        _backing = backing;
        _gate = _metadata.Gate;
        _replacing = new ClusterRange[workers];
    }

    public Qcow2Header Header { get; }

    public ulong Length => Header.Size;

    public Qcow2Metadata Metadata => _metadata;

    private long ClusterMask => Header.ClusterLength - 1;

    public void Read(RequestScratch scratch, BufferWindow to, long offset)
    {
        while (to.Length > 0)
        {
            long length = Math.Min(to.Length, (long)Header.Size - offset);
            if (length <= 0)
            {
                to.Clear();
                return;
            }

            long done = ReadExtent(scratch, to.Slice(0, length), offset);
            to = to.Slice(done, to.Length - done);
            offset += done;
        }
    }

    public bool TryReadCached(ReadOnlyMemory<Memory<byte>> to, long length, long offset)
    {
        if (offset > (long)Header.Size - length || !Monitor.TryEnter(_gate))
            return false;
        Extent extent;
        int generation;
        try
        {
            if (!_mapping.TryFindCached(offset, length, out extent) || extent.Length < length)
                return false;
            generation = _metadata.EnterLocked();
        }
        finally
        {
            Monitor.Exit(_gate);
        }

        try
        {
            switch (extent.Kind)
            {
                case ExtentKind.Data:
                    return _file.TryReadCached(to.Span, extent.HostOffset);
                case ExtentKind.Unallocated when _backing is not null:
                    return _backing.TryReadCached(to, length, offset);
                case ExtentKind.Compressed:
                    return false;
                default:
                    new BufferWindow(to, 0, length).Clear();
                    return true;
            }
        }
        finally
        {
            _metadata.Leave(generation);
        }
    }

    /// <summary>How this file itself has a run of the disk, at most so long.</summary>
    /// <exception cref="StorageException">The image is damaged there.</exception>
    public Extent Find(long offset, long length)
    {
        lock (_gate)
            return _mapping.Find(offset, length);
    }

    /// <summary>Writes the window to an offset of the disk. Inside the disk.</summary>
    /// <exception cref="StorageException">The host's disk failed or is full, or the image is damaged there.</exception>
    public void Write(RequestScratch scratch, BufferWindow from, long offset)
    {
        while (from.Length > 0)
        {
            long done = WriteExtent(scratch, from, offset);
            from = from.Slice(done, from.Length - done);
            offset += done;
        }

        FlushWhenFull();
    }

    /// <summary>Makes a range read as zeros; whole clusters by their entries.</summary>
    public void WriteZeros(RequestScratch scratch, long offset, long length)
    {
        while (length > 0)
        {
            long within = offset & ClusterMask;
            long whole = length & ~ClusterMask;
            long done = within == 0 && whole > 0
                ? ChangeEntries(scratch, new ClusterRange(offset >> Header.ClusterBits, whole >> Header.ClusterBits), EntryChange.Zero)
                : 0;
            if (done == 0)
            {
                done = Math.Min(length, Header.ClusterLength - within);
                WriteZerosByHand(scratch, offset, done);
            }

            offset += done;
            length -= done;
        }

        FlushWhenFull();
    }

    /// <summary>Gives whole clusters inside a range back; without the zero flag (version 2) only where there is no backing file.</summary>
    public void Discard(RequestScratch scratch, long offset, long length)
    {
        long first = (offset + ClusterMask) >> Header.ClusterBits;
        long end = offset + length == (long)Header.Size ? Header.ClustersFor(offset + length) : (offset + length) >> Header.ClusterBits;
        while (first < end)
            first += Math.Max(1, ChangeEntries(scratch, new ClusterRange(first, end - first), EntryChange.Discard) >> Header.ClusterBits);
        FlushWhenFull();
    }

    /// <inheritdoc cref="Qcow2Metadata.Flush"/>
    public void Flush() => _metadata.Flush();

    /// <inheritdoc cref="Qcow2Metadata.Close"/>
    public void Close() => _metadata.Close();

    public void Dispose()
    {
        _metadata.Dispose();
        _backing?.Dispose();
    }

    /// <summary>Reads a header, refuses an image that must not be written to, and counts anew in one whose writer did not end.</summary>
    /// <exception cref="StorageException">It is damaged, or of a kind that is not supported.</exception>
    public static Qcow2Header ReadForWriting(ImageFile file)
    {
        Qcow2Header header = Qcow2Header.Read(file);
        if (header.IsCorrupt)
            throw new StorageException($"The disk '{file.Name}' is marked as corrupt (offset {IncompatibleOffset}): repair it with `hearth disk check --repair`.");
        if (!header.IsDirty)
            return header;
        CheckReport report = new Qcow2Checker(file, header).Repair();
        return report.Errors == 0
            ? Qcow2Header.Read(file)
            : throw new StorageException($"The disk '{file.Name}' was not closed and cannot be repaired: {report.Findings[0]}.");
    }

    private long ReadExtent(RequestScratch scratch, BufferWindow to, long offset)
    {
        Extent extent;
        int generation;
        lock (_gate)
        {
            extent = _mapping.Find(offset, to.Length);
            generation = _metadata.EnterLocked();
        }

        try
        {
            BufferWindow part = to.Slice(0, extent.Length);
            if (extent.Kind == ExtentKind.Data)
                ReadData(scratch, part, extent.HostOffset);
            else if (extent.Kind == ExtentKind.Compressed)
                ReadCompressed(scratch, part, extent.Entry, (int)(offset & ClusterMask));
            else if (extent.Kind == ExtentKind.Unallocated && _backing is not null)
                _backing.Read(scratch, part, offset);
            else
                part.Clear();
            return extent.Length;
        }
        finally
        {
            _metadata.Leave(generation);
        }
    }

    /// <summary>Reads from the file; its last cluster may be cut, and the rest of it is zeros.</summary>
    private void ReadData(RequestScratch scratch, BufferWindow to, long hostOffset)
    {
        long inside = Math.Clamp(_file.Length - hostOffset, 0, to.Length);
        if (inside > 0)
            _file.Read(scratch.Gather(to.Slice(0, inside)), hostOffset);
        to.Slice(inside, to.Length - inside).Clear();
    }

    private void ReadCompressed(RequestScratch scratch, BufferWindow to, ulong entry, int within)
    {
        if (!scratch.TryGetUnpacked(this, entry, out ReadOnlySpan<byte> cluster))
        {
            (long offset, int length) = Qcow2Mapping.CompressedRange(entry, Header.ClusterBits);
            Memory<byte> packed = scratch.Packed((int)Math.Min(length, _file.Length - offset));
            _file.Read(packed, offset);
            if (!scratch.TryUnpack(this, entry, Header.Compression, packed, (int)Header.ClusterLength))
                throw new StorageException($"The disk '{_file.Name}' is damaged at offset {offset}: a compressed cluster cannot be unpacked.");
            _ = scratch.TryGetUnpacked(this, entry, out cluster);
        }

        to.Fill(cluster.Slice(within, (int)to.Length));
    }

    private long WriteExtent(RequestScratch scratch, BufferWindow from, long offset)
    {
        Extent extent;
        int generation;
        lock (_gate)
        {
            _metadata.BeginChangesLocked();
            extent = FindAndReserveLocked(scratch.Worker, offset, from.Length);
            generation = extent.IsWritable ? _metadata.EnterLocked() : 0;
        }

        if (!extent.IsWritable)
            return Replace(scratch, from.Slice(0, extent.Length), offset, extent);
        try
        {
            _file.Write(scratch.Gather(from.Slice(0, extent.Length)), extent.HostOffset);
            return extent.Length;
        }
        finally
        {
            _metadata.Leave(generation);
        }
    }

    /// <summary>Finds what a write meets. What it cannot change where it is, is this worker's to replace from then on.</summary>
    private Extent FindAndReserveLocked(int worker, long offset, long length)
    {
        while (true)
        {
            Extent extent = _mapping.Find(offset, length);
            if (extent.IsWritable)
            {
                _metadata.RequireDataLocked(extent);
                return extent;
            }

            long first = offset >> Header.ClusterBits;
            var range = new ClusterRange(first, Header.ClustersFor(offset + extent.Length) - first);
            if (TryReserveLocked(worker, range))
                return extent;
            Monitor.Wait(_gate);
        }
    }

    private bool TryReserveLocked(int worker, ClusterRange range)
    {
        foreach (ClusterRange other in _replacing)
        {
            if (other.Overlaps(range))
                return false;
        }

        _replacing[worker] = range;
        return true;
    }

    private void ReleaseLocked(int worker)
    {
        _replacing[worker] = default;
        Monitor.PulseAll(_gate);
    }

    /// <summary>Writes to clusters of the file that the disk did not have before, and enters them.</summary>
    /// <param name="extent">What there was; all of it reserved for this worker.</param>
    /// <returns>Bytes written; fewer when there was no room for all in a row.</returns>
    private long Replace(RequestScratch scratch, BufferWindow from, long offset, Extent extent)
    {
        long first = offset >> Header.ClusterBits;
        long host = 0;
        int count = 0;
        bool isKept = false;
        try
        {
            bool isFresh;
            lock (_gate)
            {
                long wanted = _replacing[scratch.Worker].Count;
                isKept = extent.Kind == ExtentKind.Zero && (extent.Entry & Copied) != 0 && (extent.Entry & OffsetMask) != 0;
                isFresh = false;
                count = 1;
                if (isKept)
                    _metadata.RequireDataLocked(extent with { Length = 1 });
                host = isKept
                    ? (long)(extent.Entry & OffsetMask) >> Header.ClusterBits
                    : _metadata.Refcounts.Allocate((int)Math.Min(wanted, int.MaxValue), out count, out isFresh);
                _file.EnsureLength((host + count) << Header.ClusterBits);
            }

            long length = Math.Min(from.Length, ((first + count) << Header.ClusterBits) - offset);
            WriteClusters(scratch, from.Slice(0, length), offset, host, count, isFresh && ReadsAsZeros(extent, first, count));
            lock (_gate)
            {
                _metadata.WaitUntilThawedLocked();
                _metadata.PrepareLocked(first);

                // From the first entry on they are in use, whatever happens.
                long entered = host;
                host = 0;
                EnterLocked(first, entered, count);
            }

            return length;
        }
        finally
        {
            lock (_gate)
            {
                try
                {
                    // Nothing refers to them: they are free again at once.
                    for (int i = 0; host != 0 && !isKept && i < count; i++)
                        _ = _metadata.Refcounts.Decrement(host + i);
                }
                finally
                {
                    ReleaseLocked(scratch.Worker);
                }
            }
        }
    }

    private bool ReadsAsZeros(in Extent extent, long first, int count)
    {
        if (extent.Kind == ExtentKind.Zero)
            return true;
        return extent.Kind == ExtentKind.Unallocated && (_backing is null || (ulong)first << Header.ClusterBits >= _backing.Length) && count > 0;
    }

    /// <summary>Writes whole clusters: the window, and around it what the disk has there now.</summary>
    /// <param name="isZero">The clusters are zeros already, and so is what the disk has.</param>
    private void WriteClusters(RequestScratch scratch, BufferWindow from, long offset, long host, int count, bool isZero)
    {
        long start = host << Header.ClusterBits;
        int head = (int)(offset & ClusterMask);
        int tail = (int)(((long)count << Header.ClusterBits) - head - from.Length);
        if (isZero || head + tail == 0)
        {
            _file.Write(scratch.Gather(from), start + head);
            return;
        }

        Memory<byte> fill = scratch.Fill(head + tail);
        Read(scratch, scratch.WindowOf(fill[..head]), offset - head);
        Read(scratch, scratch.WindowOf(fill[head..]), offset + from.Length);
        _file.Write(scratch.Gather(from, fill[..head], fill[head..]), start);
    }

    private void EnterLocked(long first, long host, int count)
    {
        for (int i = 0; i < count; i++)
        {
            ulong old = _mapping.EntryOf(first + i);
            _mapping.Set(first + i, (ulong)((host + i) << Header.ClusterBits) | Copied);
            if ((old & OffsetMask) != (ulong)((host + i) << Header.ClusterBits) || (old & Compressed) != 0)
                _metadata.FreeLocked(old);
        }
    }

    /// <summary>Changes the entries of clusters without touching their data.</summary>
    /// <returns>Bytes of the disk that are done; zero when the first cluster cannot be changed so.</returns>
    private long ChangeEntries(RequestScratch scratch, ClusterRange range, EntryChange change)
    {
        lock (_gate)
        {
            _metadata.BeginChangesLocked();
            Extent extent;
            while (true)
            {
                long most = Math.Min(range.Count << Header.ClusterBits, (long)Header.Size - (range.First << Header.ClusterBits));
                extent = _mapping.Find(range.First << Header.ClusterBits, most);
                range = range with { Count = Header.ClustersFor(extent.Length) };
                if (TryReserveLocked(scratch.Worker, range))
                    break;
                Monitor.Wait(_gate);
            }

            try
            {
                return ChangeEntriesLocked(range, extent, change) ? range.Count << Header.ClusterBits : 0;
            }
            finally
            {
                ReleaseLocked(scratch.Worker);
            }
        }
    }

    private bool ChangeEntriesLocked(ClusterRange range, in Extent extent, EntryChange change)
    {
        bool isBacked = _backing is not null && (ulong)range.First << Header.ClusterBits < _backing.Length;
        bool isNothing = extent.Kind == ExtentKind.Unallocated && (!isBacked || change == EntryChange.Discard);
        bool isZero = extent.Kind == ExtentKind.Zero && (change == EntryChange.Zero || (isBacked && (extent.Entry & OffsetMask) == 0));
        if (isNothing || isZero)
            return true;
        if (isBacked && !Header.HasZeroFlag)
            return false;
        _metadata.WaitUntilThawedLocked();
        _metadata.PrepareLocked(range.First);
        for (long cluster = range.First; cluster < range.End; cluster++)
        {
            ulong old = _mapping.EntryOf(cluster);

            // What was allocated stays so when it is zeroed.
            bool isKept = change == EntryChange.Zero && Header.HasZeroFlag && extent.IsWritable;
            ulong flag = Header.HasZeroFlag && (isBacked || change == EntryChange.Zero) ? Qcow2Layout.ReadsAsZeros : 0;
            _mapping.Set(cluster, isKept ? old | flag : flag);
            if (!isKept)
                _metadata.FreeLocked(old);
        }

        return true;
    }

    private void WriteZerosByHand(RequestScratch scratch, long offset, long length)
    {
        while (length > 0)
        {
            long part = Math.Min(length, s_zeros[0].Length);
            Write(scratch, new BufferWindow(s_zeros, 0, part), offset);
            offset += part;
            length -= part;
        }
    }

    private void FlushWhenFull()
    {
        if (_metadata.IsFull)
            _metadata.Flush();
    }
}
