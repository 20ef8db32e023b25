using System.Buffers.Binary;
using Hearth.Machine;
using static Hearth.Storage.Qcow2.Qcow2Layout;

namespace Hearth.Storage.Qcow2;

/// <summary>Which clusters of the file are in use, how often, and which are free (qcow2 specification, "Host cluster management"). Owned by the image's lock.</summary>
/// <remarks>
/// Counts change in memory and reach the file by <see cref="Write"/>. The table and its blocks grow at once and in order: a block is on stable
/// storage before the table names it, a table before the header does.
/// </remarks>
internal sealed class Qcow2Refcounts
{
    private const int CacheBudget = 1 << 20;

    private readonly ImageFile _file;
    private readonly Qcow2Header _header;
    private readonly MetadataCache _cache;
    private readonly HashSet<long> _tables;
    private readonly long _blockEntries;
    private readonly ulong _maximum;
    private ulong[] _table;
    private long _tableOffset;
    private long _searchFrom;

    /// <param name="tables">The clusters of all tables; shared with who makes tables.</param>
    public Qcow2Refcounts(ImageFile file, Qcow2Header header, HashSet<long> tables)
    {
        _file = file;
        _header = header;
        _tables = tables;
        _blockEntries = header.RefcountBlockEntries;
        _maximum = header.RefcountOrder == MaximumRefcountOrder ? ulong.MaxValue : (1UL << header.RefcountBits) - 1;
        _cache = new MetadataCache(file, header.ClusterLength, CacheBudget);
        _tableOffset = header.RefcountTable;
        _table = Qcow2Table.Read(file, _tableOffset, (int)(header.RefcountTableClusters * header.ClusterLength / sizeof(ulong)));
        End = header.ClustersFor(file.Length);
        var blocks = new HashSet<ulong>();
        for (int i = 0; i < _table.Length; i++)
        {
            if (_table[i] != 0 && !blocks.Add(_table[i]))
                throw new StorageException($"The disk '{file.Name}' is damaged at offset {_tableOffset + (i * (long)sizeof(ulong))}: the refcount table's entry 0x{_table[i]:x} comes twice.");
            if ((_table[i] & (ulong)(header.ClusterLength - 1)) != 0 || _table[i] >= (ulong)file.Length)
                throw new StorageException($"The disk '{file.Name}' is damaged at offset {_tableOffset + (i * (long)sizeof(ulong))}: the refcount table's entry 0x{_table[i]:x} cannot be.");
        }
    }

    /// <summary>The cluster behind the last one that was ever in use: from here on the file is zeros.</summary>
    public long End { get; private set; }

    public ReadOnlySpan<ulong> Table => _table;

    /// <summary>Where the table lies: bytes into the file.</summary>
    public long TableOffset => _tableOffset;

    /// <summary>So many counts have changed that they should be written.</summary>
    public bool IsFull => _cache.DirtyCount > _cache.Capacity / 2;

    /// <summary>The offset of a cluster that is in use and lies beyond the file's end: the last one; null where there is none.</summary>
    public long? FindBeyond()
    {
        long end = _header.ClustersFor(_file.Length);
        for (long block = _table.Length - 1; block >= end / _blockEntries; block--)
        {
            if (_table[block] == 0)
                continue;
            for (long cluster = ((block + 1) * _blockEntries) - 1; cluster >= Math.Max(end, block * _blockEntries); cluster--)
            {
                if (this[cluster] != 0)
                    return cluster << _header.ClusterBits;
            }
        }

        return null;
    }

    /// <summary>How many references there are to a cluster of the file.</summary>
    public ulong this[long cluster]
    {
        get
        {
            long block = cluster / _blockEntries;
            if (block >= _table.Length || _table[block] == 0)
                return 0;
            MetadataSlice slice = SliceOf(cluster, out long index);
            return ReadBits(slice.Data, index, _header.RefcountOrder);
        }
    }

    /// <summary>Sets a count; a block is made for it where there is none.</summary>
    public void Set(long cluster, ulong count)
    {
        if (count > _maximum)
            throw new StorageException($"The disk '{_file.Name}' cannot count more than {_maximum} references to a cluster (offset {cluster << _header.ClusterBits}).");
        EnsureBlock(cluster / _blockEntries);
        MetadataSlice slice = SliceOf(cluster, out long index);
        WriteBits(slice.Data, index, _header.RefcountOrder, count);
        _cache.MarkDirty(slice);
        End = Math.Max(End, cluster + 1);
    }

    /// <summary>One reference more.</summary>
    public void Increment(long cluster) => Set(cluster, this[cluster] + 1);

    /// <summary>One reference less.</summary>
    /// <returns>How many are left.</returns>
    public ulong Decrement(long cluster)
    {
        ulong count = this[cluster];
        if (count == 0)
            throw new StorageException($"The disk '{_file.Name}' is damaged: the cluster at offset {cluster << _header.ClusterBits} is in use and counted as free.");
        Set(cluster, count - 1);
        if (count == 1)
        {
            _searchFrom = Math.Min(_searchFrom, cluster);
            if (_tables.Remove(cluster))
                _cache.Forget(cluster << _header.ClusterBits, _header.ClusterLength);
        }

        return count - 1;
    }

    /// <summary>Takes free clusters that follow one another.</summary>
    /// <param name="wanted">At most so many.</param>
    /// <param name="got">So many were there; at least one.</param>
    /// <param name="isFresh">They were never in use and read as zeros.</param>
    /// <returns>The first one.</returns>
    public long Allocate(int wanted, out int got, out bool isFresh)
    {
        long first = FindFree(_searchFrom, wanted, out got);
        isFresh = first >= End;

        // Of a run that is fresh only from its middle on, the rest waits for the next time.
        if (!isFresh && first + got > End)
            got = (int)(End - first);
        for (int i = 0; i < got; i++)
            Set(first + i, 1);
        _searchFrom = first + got;
        return first;
    }

    /// <summary>Takes clusters that follow one another, at the file's end, for a table.</summary>
    /// <returns>The first one.</returns>
    public long AllocateTable(int count)
    {
        long missing = MissingBlocks(End, count);
        while ((End + count + missing - 1) / _blockEntries >= _table.Length)
        {
            GrowTable((End + count + missing - 1) / _blockEntries);
            missing = MissingBlocks(End, count);
        }

        long first = End;
        CountRegion(first, count, missing, _table);
        if (missing > 0)
        {
            _file.Sync();
            for (long block = first / _blockEntries; block <= (End - 1) / _blockEntries; block++)
                _file.WriteUInt64(_table[block], _tableOffset + (block * sizeof(ulong)));
        }

        for (int i = 0; i < count; i++)
            _ = _tables.Add(first + i);
        return first;
    }

    /// <summary>Says that a cluster holds a table.</summary>
    public void NoteTable(long cluster) => _tables.Add(cluster);

    /// <summary>Writes all counts that have changed.</summary>
    public void Write() => _cache.WriteDirty();

    /// <summary>A block that is damaged is left out, and counts as free what it covers.</summary>
    public void DropBlock(long block)
    {
        _table[block] = 0;
        _file.WriteUInt64(0, _tableOffset + (block * sizeof(ulong)));
    }

    private long FindFree(long from, int wanted, out int got)
    {
        got = 0;
        long first = from;
        for (long cluster = from; got < wanted; cluster++)
        {
            if (cluster % _blockEntries == 0 || got == 0)
            {
                if (!HasBlock(cluster / _blockEntries))
                {
                    if (got > 0)
                        break;
                    EnsureBlock(cluster / _blockEntries);
                }
            }

            if (this[cluster] == 0)
            {
                RequireUnused(cluster);
                first = got++ == 0 ? cluster : first;
            }
            else if (got > 0)
            {
                break;
            }
        }

        return first;
    }

    /// <summary>A count that lies must not give a table's cluster away.</summary>
    private void RequireUnused(long cluster)
    {
        if (_tables.Contains(cluster))
            throw new StorageException($"The disk '{_file.Name}' is damaged: the table at offset {cluster << _header.ClusterBits} is counted as free.");
    }

    private bool HasBlock(long block) => block < _table.Length && _table[block] != 0;

    /// <summary>Makes the block of refcounts where there is none.</summary>
    private void EnsureBlock(long block)
    {
        if (HasBlock(block))
            return;
        if (block >= _table.Length)
            GrowTable(block);
        if (HasBlock(block))
            return;

        // A block lies where it counts itself, if nobody can be there yet.
        long own = block * _blockEntries;
        if (own < End)
        {
            own = AllocateTable(1);
            if (HasBlock(block))
            {
                // It came with the cluster that was to hold it.
                _ = Decrement(own);
                return;
            }
        }

        WriteBlock(block, own);
        WriteCounts();
        _file.Sync();
        _table[block] = (ulong)(own << _header.ClusterBits);
        _file.WriteUInt64(_table[block], _tableOffset + (block * sizeof(ulong)));
        _ = _tables.Add(own);
        End = Math.Max(End, own + 1);
    }

    /// <summary>Writes a block that counts itself where it lies within what it counts, and nothing else.</summary>
    private void WriteBlock(long block, long at)
    {
        var content = new byte[_header.ClusterLength];
        if (at / _blockEntries == block)
            WriteBits(content, at % _blockEntries, _header.RefcountOrder, 1);
        WriteBlock(content, at);
    }

    private void WriteBlock(byte[] content, long at)
    {
        _file.EnsureLength((at + 1) << _header.ClusterBits);
        _file.Write(content, at << _header.ClusterBits);
        _cache.Forget(at << _header.ClusterBits, _header.ClusterLength);
    }

    /// <summary>How many blocks have to be made for clusters and for these blocks, which lie behind them.</summary>
    private long MissingBlocks(long start, long clusters)
    {
        for (long missing = 0; ;)
        {
            long found = 0;
            for (long block = start / _blockEntries; block <= (start + clusters + missing - 1) / _blockEntries; block++)
                found += HasBlock(block) ? 0 : 1;
            if (found == missing)
                return missing;
            missing = found;
        }
    }

    /// <summary>Moves the table to the file's end, with room for a block.</summary>
    private void GrowTable(long block)
    {
        long start = End;
        long perCluster = _header.ClusterLength / sizeof(ulong);
        long clusters = 1;
        long missing;
        while (true)
        {
            missing = MissingBlocks(start, clusters);
            long last = Math.Max(block, (start + clusters + missing - 1) / _blockEntries);
            long entries = Math.Max(last + 1, _table.Length * 3L / 2);
            if (clusters * perCluster >= entries)
                break;
            clusters = (entries + perCluster - 1) / perCluster;
        }

        if (clusters * _header.ClusterLength > Math.Max(MaximumRefcountTableLength, _header.ClusterLength))
            throw new StorageException($"The disk '{_file.Name}' has reached the largest size of its format.", BlockStatus.NoSpace);
        var grown = new ulong[clusters * perCluster];
        _table.CopyTo(grown, 0);
        CountRegion(start, clusters, missing, grown);

        WriteCounts();
        MoveTable(start, (int)clusters, grown);
    }

    /// <summary>Brings the counts to the file before something is written that relies on them.</summary>
    private void WriteCounts()
    {
        // A power cut must not leave counts beyond the end of the file.
        if (_file.HasGrown)
            _file.Sync();
        _cache.WriteDirty();
    }

    /// <summary>Counts clusters, and behind them the blocks that have to be made for them and for themselves.</summary>
    /// <param name="table">Takes the new blocks.</param>
    private void CountRegion(long start, long clusters, long missing, ulong[] table)
    {
        long end = start + clusters + missing;
        long next = start + clusters;
        for (long block = start / _blockEntries; block <= (end - 1) / _blockEntries; block++)
        {
            long counted = block * _blockEntries;
            long from = Math.Max(start, counted);
            long to = Math.Min(end, counted + _blockEntries);
            if (HasBlock(block))
            {
                for (long cluster = from; cluster < to; cluster++)
                    Set(cluster, 1);
                continue;
            }

            var content = new byte[_header.ClusterLength];
            for (long cluster = from; cluster < to; cluster++)
                WriteBits(content, cluster - counted, _header.RefcountOrder, 1);
            WriteBlock(content, next);
            table[block] = (ulong)(next << _header.ClusterBits);
            _ = _tables.Add(next++);
        }

        End = Math.Max(End, end);
        _file.EnsureLength(end << _header.ClusterBits);
    }

    private void MoveTable(long start, int clusters, ulong[] grown)
    {
        long oldStart = _tableOffset >> _header.ClusterBits;
        long oldClusters = _table.Length * (long)sizeof(ulong) >> _header.ClusterBits;
        Qcow2Table.Write(_file, start << _header.ClusterBits, grown);
        _file.Sync();
        var place = new byte[12];
        BinaryPrimitives.WriteInt64BigEndian(place, start << _header.ClusterBits);
        BinaryPrimitives.WriteUInt32BigEndian(place.AsSpan(8), (uint)clusters);
        _file.Write(place, Qcow2Layout.RefcountTableOffset);
        _file.Sync();
        _table = grown;
        _tableOffset = start << _header.ClusterBits;
        for (int i = 0; i < clusters; i++)
            _ = _tables.Add(start + i);
        for (long i = 0; i < oldClusters; i++)
            _ = Decrement(oldStart + i);
    }

    /// <param name="index">Which count of the slice it is.</param>
    private MetadataSlice SliceOf(long cluster, out long index)
    {
        ulong blockOffset = _table[cluster / _blockEntries] & RefcountOffsetMask;
        long bits = (cluster % _blockEntries) << _header.RefcountOrder;
        long sliceBits = _cache.SliceLength * 8L;
        index = bits % sliceBits >> _header.RefcountOrder;
        return _cache.Get((long)blockOffset + (bits / sliceBits * _cache.SliceLength));
    }

    /// <summary>A count out of a block, or a part of one.</summary>
    public static ulong ReadBits(ReadOnlySpan<byte> block, long index, int order)
    {
        long bit = index << order;
        ReadOnlySpan<byte> at = block[(int)(bit >> 3)..];
        return order switch
        {
            6 => BinaryPrimitives.ReadUInt64BigEndian(at),
            5 => BinaryPrimitives.ReadUInt32BigEndian(at),
            4 => BinaryPrimitives.ReadUInt16BigEndian(at),
            3 => at[0],
            _ => (ulong)(at[0] >> (int)(bit & 7)) & ((1UL << (1 << order)) - 1),
        };
    }

    /// <summary>Sets a count in a block, or in a part of one.</summary>
    public static void WriteBits(Span<byte> block, long index, int order, ulong count)
    {
        long bit = index << order;
        Span<byte> at = block[(int)(bit >> 3)..];
        int shift = (int)(bit & 7);
        switch (order)
        {
            case 6:
                BinaryPrimitives.WriteUInt64BigEndian(at, count);
                break;
            case 5:
                BinaryPrimitives.WriteUInt32BigEndian(at, (uint)count);
                break;
            case 4:
                BinaryPrimitives.WriteUInt16BigEndian(at, (ushort)count);
                break;
            case 3:
                at[0] = (byte)count;
                break;
            default:
                at[0] = (byte)((at[0] & ~(((1 << (1 << order)) - 1) << shift)) | ((int)count << shift));
                break;
        }
    }
}
