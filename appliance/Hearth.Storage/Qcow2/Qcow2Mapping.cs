using System.Buffers.Binary;
using static Hearth.Storage.Qcow2.Qcow2Layout;

namespace Hearth.Storage.Qcow2;

/// <summary>Which clusters of the file hold which of the disk: the active L1 table and its L2 tables (qcow2 specification, "Cluster mapping"). Owned by the image's lock.</summary>
/// <remarks>Entries change in memory and reach the file by <see cref="Write"/>, which is called when everything they refer to is on stable storage.</remarks>
internal sealed class Qcow2Mapping
{
    private const int CacheBudget = 8 << 20;

    private readonly ImageFile _file;
    private readonly Qcow2Header _header;
    private readonly Qcow2Refcounts? _refcounts;
    private readonly MetadataCache _cache;
    private readonly List<int> _dirtyL1 = new(16);
    private readonly ulong[] _l1;
    private readonly int _l2Bits;
    private readonly long _l1Offset;

    /// <param name="l1Offset">Where the L1 table lies: bytes into the file.</param>
    /// <param name="refcounts">Null for an image that is only read.</param>
    /// <exception cref="StorageException">An L1 entry cannot be.</exception>
    public Qcow2Mapping(ImageFile file, Qcow2Header header, long l1Offset, int l1Size, Qcow2Refcounts? refcounts)
    {
        _file = file;
        _header = header;
        _refcounts = refcounts;
        _l2Bits = header.ClusterBits - 3;
        _l1Offset = l1Offset;
        _l1 = Qcow2Table.Read(file, l1Offset, l1Size);
        _cache = new MetadataCache(file, header.ClusterLength, CacheBudget);
        for (int i = 0; i < _l1.Length; i++)
            CheckL1(i);
    }

    public ReadOnlySpan<ulong> L1 => _l1;

    public bool IsDirty => _cache.DirtyCount > 0 || _dirtyL1.Count > 0;

    /// <summary>So much has changed that it should be written.</summary>
    public bool IsFull => _cache.DirtyCount > _cache.Capacity / 2;

    private long ClusterMask => _header.ClusterLength - 1;

    /// <summary>What there is from an offset of the disk on, without a look at the file.</summary>
    /// <returns>False when the L2 table is not at hand.</returns>
    public bool TryFindCached(long offset, long length, out Extent extent)
    {
        ulong table = _l1[offset >> _header.L2SpanBits] & OffsetMask;
        extent = default;
        if (table != 0 && !_cache.TryGet(SliceOffset(table, offset >> _header.ClusterBits), out _))
            return false;
        extent = Find(offset, length);
        return true;
    }

    /// <summary>What there is from an offset of the disk on: a run that is kept in one way.</summary>
    /// <param name="length">Bytes at most; inside the disk.</param>
    /// <exception cref="StorageException">The entry cannot be, or the host's disk failed.</exception>
    public Extent Find(long offset, long length)
    {
        long span = 1L << _header.L2SpanBits;
        length = Math.Min(length, span - (offset & (span - 1)));
        ulong table = _l1[offset >> _header.L2SpanBits] & OffsetMask;
        if (table == 0)
            return new Extent(ExtentKind.Unallocated, 0, length, false, 0);
        long cluster = offset >> _header.ClusterBits;
        MetadataSlice slice = _cache.Get(SliceOffset(table, cluster));
        int index = SliceIndex(cluster);
        ulong entry = EntryAt(slice, index);
        ExtentKind kind = KindOf(entry, cluster);
        long within = offset & ClusterMask;
        long found = _header.ClusterLength - within;
        int entries = _cache.SliceLength / sizeof(ulong);
        for (ulong previous = entry; found < length && ++index < entries; found += _header.ClusterLength)
        {
            ulong next = EntryAt(slice, index);
            if (!Continues(kind, previous, next))
                break;
            previous = next;
        }

        bool isWritable = kind == ExtentKind.Data && (entry & Copied) != 0;
        return new Extent(kind, (long)(entry & OffsetMask) + within, Math.Min(found, length), isWritable, entry);
    }

    /// <summary>The L2 entry of a cluster of the disk; zero where there is no table.</summary>
    public ulong EntryOf(long cluster)
    {
        ulong table = _l1[cluster >> _l2Bits] & OffsetMask;
        return table == 0 ? 0 : EntryAt(_cache.Get(SliceOffset(table, cluster)), SliceIndex(cluster));
    }

    /// <summary>Sets an entry of a table that <see cref="Prepare"/> has made writable.</summary>
    public void Set(long cluster, ulong entry)
    {
        MetadataSlice slice = _cache.Get(SliceOffset(_l1[cluster >> _l2Bits] & OffsetMask, cluster));
        BinaryPrimitives.WriteUInt64BigEndian(slice.Data.AsSpan(SliceIndex(cluster) * sizeof(ulong)), entry);
        _cache.MarkDirty(slice);
    }

    /// <summary>True when there is an L2 table for the cluster.</summary>
    public bool HasTable(long cluster) => (_l1[cluster >> _l2Bits] & OffsetMask) != 0;

    /// <summary>Makes sure that the cluster's L2 table is there, and this disk's alone.</summary>
    /// <param name="freed">Takes the cluster of the table that was shared.</param>
    public void Prepare(long cluster, List<long> freed)
    {
        int index = (int)(cluster >> _l2Bits);
        ulong old = _l1[index];
        if ((old & Copied) != 0)
            return;
        var table = new byte[_header.ClusterLength];
        if ((old & OffsetMask) != 0)
            _file.Read(table.AsMemory(0, (int)Math.Min(table.Length, _file.Length - (long)(old & OffsetMask))), (long)(old & OffsetMask));
        long host = _refcounts!.Allocate(1, out _, out _);
        _refcounts.NoteTable(host);
        long offset = host << _header.ClusterBits;
        _cache.Forget(offset, _header.ClusterLength);
        _file.EnsureLength(offset + _header.ClusterLength);
        _file.Write(table, offset);
        _l1[index] = (ulong)offset | Copied;
        _dirtyL1.Add(index);
        if ((old & OffsetMask) != 0)
            freed.Add((long)(old & OffsetMask) >> _header.ClusterBits);
    }

    /// <summary>Writes all entries that have changed.</summary>
    public void Write()
    {
        _cache.WriteDirty();
        foreach (int index in _dirtyL1)
            _file.WriteUInt64(_l1[index], _l1Offset + (index * (long)sizeof(ulong)));
        _dirtyL1.Clear();
    }

    /// <summary>Forgets what was in a cluster of the file that is free now.</summary>
    public void Forget(long hostCluster) => _cache.Forget(hostCluster << _header.ClusterBits, _header.ClusterLength);

    /// <summary>The clusters of the file that a compressed cluster lies in, and where in them.</summary>
    public static (long Offset, int Length) CompressedRange(ulong entry, int clusterBits)
    {
        int shift = 62 - (clusterBits - 8);
        ulong offset = entry & ((1UL << shift) - 1) & 0x00FF_FFFF_FFFF_FFFF;
        int sectors = (int)((entry & (Compressed - 1)) >> shift) + 1;
        return ((long)offset, (sectors * SectorLength) - (int)(offset & (SectorLength - 1)));
    }

    private long SliceOffset(ulong table, long cluster)
    {
        long at = (cluster & ((1L << _l2Bits) - 1)) * sizeof(ulong);
        return (long)table + (at & -(long)_cache.SliceLength);
    }

    private int SliceIndex(long cluster) => (int)(cluster & ((_cache.SliceLength / sizeof(ulong)) - 1));

    private static ulong EntryAt(MetadataSlice slice, int index) => BinaryPrimitives.ReadUInt64BigEndian(slice.Data.AsSpan(index * sizeof(ulong)));

    private bool Continues(ExtentKind kind, ulong previous, ulong next) => kind switch
    {
        ExtentKind.Data => next == previous + (ulong)_header.ClusterLength && (long)(next & OffsetMask) < _file.Length,
        ExtentKind.Zero => (next & (Compressed | ReadsAsZeros)) == ReadsAsZeros && (next & OffsetMask) < (ulong)_file.Length,
        ExtentKind.Unallocated => next == 0,
        _ => false,
    };

    private ExtentKind KindOf(ulong entry, long cluster)
    {
        if ((entry & Compressed) != 0)
            return CompressedRange(entry, _header.ClusterBits).Offset < _file.Length ? ExtentKind.Compressed : throw Damaged(entry, cluster);
        ulong host = entry & OffsetMask;
        bool isZero = (entry & ReadsAsZeros) != 0;
        if ((entry & L2Reserved) != 0 || (host & (ulong)ClusterMask) != 0 || host >= (ulong)_file.Length || (isZero && !_header.HasZeroFlag))
            throw Damaged(entry, cluster);
        if (isZero)
            return ExtentKind.Zero;
        return host != 0 ? ExtentKind.Data : (entry & Copied) == 0 ? ExtentKind.Unallocated : throw Damaged(entry, cluster);
    }

    private StorageException Damaged(ulong entry, long cluster)
    {
        long at = (long)(_l1[cluster >> _l2Bits] & OffsetMask) + ((cluster & ((1L << _l2Bits) - 1)) * sizeof(ulong));
        return new StorageException($"The disk '{_file.Name}' is damaged at offset {at}: the L2 entry 0x{entry:x} cannot be.");
    }

    private void CheckL1(int index)
    {
        ulong entry = _l1[index];
        ulong table = entry & OffsetMask;
        bool isWrong = (entry & L1Reserved) != 0 || (table & (ulong)ClusterMask) != 0 || (table == 0 && entry != 0);
        if (isWrong)
            throw new StorageException($"The disk '{_file.Name}' is damaged at offset {_l1Offset + (index * (long)sizeof(ulong))}: the L1 entry 0x{entry:x} cannot be.");
        if (table + (ulong)_header.ClusterLength > (ulong)_file.Length && table >= (ulong)_file.Length)
            throw new StorageException($"The disk '{_file.Name}' is cut short: its L2 table at offset {table} lies beyond the file's {_file.Length} bytes.");
    }
}
