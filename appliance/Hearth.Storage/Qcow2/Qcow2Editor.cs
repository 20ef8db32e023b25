using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using static Hearth.Storage.Qcow2.Qcow2Layout;

namespace Hearth.Storage.Qcow2;

/// <summary>Changes an image that nobody runs on: internal snapshots and the disk's size.</summary>
/// <remarks>
/// Every step leaves the image usable: first what will be referred to is counted, then the header or the snapshot table changes with one write of
/// less than a sector, then what is not referred to any more is counted down. A cut in between leaves clusters that are counted too often.
/// </remarks>
internal sealed class Qcow2Editor : IDisposable
{
    private const int HeaderSector = 512;

    private readonly ImageFile _file;
    private readonly Qcow2Metadata _metadata;
    private Qcow2Header _header;
    private IReadOnlyList<Qcow2Snapshot> _snapshots;
    private long _snapshotTableLength;

    /// <param name="file">Owned from now on, also when this fails.</param>
    /// <exception cref="StorageException">The image is damaged.</exception>
    public Qcow2Editor(ImageFile file)
    {
        _file = file;
        try
        {
            _header = Qcow2Image.ReadForWriting(file);
            _metadata = Qcow2Metadata.OpenForWriting(file, _header);
            (_snapshots, _snapshotTableLength) = Qcow2SnapshotTable.Read(file, _header);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public IReadOnlyList<Qcow2Snapshot> Snapshots => _snapshots;

    /// <summary>Takes a snapshot of the disk as it is.</summary>
    /// <exception cref="StorageException">The name is taken, or the host's disk failed or is full.</exception>
    public void Create(string name, DateTimeOffset now)
    {
        if (name.Length == 0 || name.Any(char.IsControl) || Encoding.UTF8.GetByteCount(name) > MaximumSnapshotNameLength)
            throw new StorageException($"A snapshot needs a name of 1 to {MaximumSnapshotNameLength} bytes without control characters.");
        if (_snapshots.Any(snapshot => snapshot.Name == name))
            throw new StorageException($"The disk '{_file.Name}' has a snapshot '{name}' already.");
        Begin();
        ulong[] l1 = ReadL1(_header.L1Table, _header.L1Size);
        Count(l1, Refcounts.Increment);
        long table = WriteL1(l1);
        SynchronizeCounts();
        MarkCopied(_header.L1Table, l1);
        _file.Sync();
        string id = (_snapshots.Select(NumberOf).DefaultIfEmpty(0UL).Max() + 1).ToString(CultureInfo.InvariantCulture);
        var snapshot = new Qcow2Snapshot(
            table, l1.Length, id, name, (uint)now.ToUnixTimeSeconds(), (uint)(now.Ticks % TimeSpan.TicksPerSecond * 100), 0, 0, _header.Size, []);
        SetSnapshots([.. _snapshots, snapshot]);
    }

    /// <summary>Makes the disk what it was. The snapshot stays.</summary>
    /// <inheritdoc cref="Create"/>
    public void Apply(string name)
    {
        Qcow2Snapshot snapshot = Find(name);
        Begin();
        ulong[] old = ReadL1(_header.L1Table, _header.L1Size);
        var l1 = new ulong[Math.Max(snapshot.L1Size, (int)Math.Max(1, Qcow2Header.L1EntriesFor(snapshot.DiskSize, _header.ClusterBits)))];
        ReadL1(snapshot.L1Table, snapshot.L1Size).CopyTo(l1, 0);
        Count(l1, Refcounts.Increment);
        for (int i = 0; i < l1.Length; i++)
            l1[i] &= ~Copied;
        long table = WriteL1(l1);
        SynchronizeCounts();
        MarkCopied(table, l1);
        _file.Sync();
        long oldTable = _header.L1Table;
        SetL1(table, l1.Length, snapshot.DiskSize);
        Count(old, cluster => Refcounts.Decrement(cluster));
        Free(oldTable, old.Length * (long)sizeof(ulong));
        SynchronizeCounts();
        MarkCopied(table, l1);
        _file.Sync();
    }

    /// <summary>Forgets a snapshot and gives back what it alone has.</summary>
    /// <inheritdoc cref="Create"/>
    public void Delete(string name)
    {
        Qcow2Snapshot snapshot = Find(name);
        Begin();
        SetSnapshots([.. _snapshots.Where(other => other != snapshot)]);
        Count(ReadL1(snapshot.L1Table, snapshot.L1Size), cluster => Refcounts.Decrement(cluster));
        Free(snapshot.L1Table, snapshot.L1Size * (long)sizeof(ulong));
        SynchronizeCounts();
        MarkCopied(_header.L1Table, ReadL1(_header.L1Table, _header.L1Size));
        _file.Sync();
    }

    /// <summary>Gives the disk another size. What lies beyond a smaller one has been discarded.</summary>
    /// <inheritdoc cref="MakeRoom"/>
    public void Resize(ulong size)
    {
        MakeRoom(size);
        Begin();
        SetL1(_header.L1Table, _header.L1Size, size);
    }

    /// <summary>Gives the L1 table the entries that a disk of another size needs. The size stays what it is.</summary>
    /// <exception cref="StorageException">The format has no such size, or the host's disk failed or is full.</exception>
    public void MakeRoom(ulong size)
    {
        RequireSize(size);
        ulong entries = Qcow2Header.L1EntriesFor(size, _header.ClusterBits);
        if (entries <= (ulong)_header.L1Size)
            return;
        Begin();
        var l1 = new ulong[entries];
        ReadL1(_header.L1Table, _header.L1Size).CopyTo(l1, 0);
        long table = WriteL1(l1);
        SynchronizeCounts();
        long oldTable = _header.L1Table;
        long oldLength = _header.L1Size * (long)sizeof(ulong);
        SetL1(table, l1.Length, _header.Size);
        Free(oldTable, oldLength);
        SynchronizeCounts();
    }

    /// <inheritdoc cref="Qcow2Metadata.Close"/>
    public void Close() => _metadata.Close();

    public void Dispose() => _metadata.Dispose();

    private Qcow2Refcounts Refcounts => _metadata.Refcounts;

    private Qcow2Snapshot Find(string name) =>
        _snapshots.FirstOrDefault(snapshot => snapshot.Name == name) ?? _snapshots.FirstOrDefault(snapshot => snapshot.Id == name)
        ?? throw new StorageException($"The disk '{_file.Name}' has no snapshot '{name}'.");

    private static ulong NumberOf(Qcow2Snapshot snapshot) =>
        ulong.TryParse(snapshot.Id, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) && number < ulong.MaxValue ? number : 0;

    private ulong[] ReadL1(long offset, int size) => Qcow2Table.Read(_file, offset, size);

    private long WriteL1(ulong[] l1)
    {
        long first = Refcounts.AllocateTable((int)_header.ClustersFor(l1.Length * (long)sizeof(ulong)));
        Qcow2Table.Write(_file, first << _header.ClusterBits, l1);
        return first << _header.ClusterBits;
    }

    private void SynchronizeCounts()
    {
        Refcounts.Write();
        _file.Sync();
    }

    /// <summary>Counts every table and cluster that an L1 table refers to.</summary>
    private void Count(ulong[] l1, Action<long> count)
    {
        foreach (ulong table in l1.Where(entry => (entry & OffsetMask) != 0))
        {
            RequireTable(table);
            count((long)(table & OffsetMask) >> _header.ClusterBits);
            foreach (ulong entry in ReadL2(table))
                CountEntry(entry, count);
        }
    }

    private void CountEntry(ulong entry, Action<long> count)
    {
        if ((entry & Compressed) == 0)
        {
            if ((entry & OffsetMask) != 0)
                count((long)(entry & OffsetMask) >> _header.ClusterBits);
            return;
        }

        (long offset, int length) = Qcow2Mapping.CompressedRange(entry, _header.ClusterBits);
        long end = Math.Min(offset + length, Math.Max(_file.Length, offset + 1));
        for (long cluster = offset >> _header.ClusterBits; cluster <= (end - 1) >> _header.ClusterBits; cluster++)
            count(cluster);
    }

    /// <summary>Sets bit 63 of the entries of an active L1 table, and of its L2 tables, where a cluster has one reference, and takes it away elsewhere.</summary>
    private void MarkCopied(long l1Offset, ulong[] l1)
    {
        for (int i = 0; i < l1.Length; i++)
        {
            if ((l1[i] & OffsetMask) == 0)
                continue;
            RequireTable(l1[i]);
            ulong[] entries = ReadL2(l1[i]);
            if (MarkCopied(entries))
                Qcow2Table.Write(_file, (long)(l1[i] & OffsetMask), entries);
        }

        if (MarkCopied(l1))
            Qcow2Table.Write(_file, l1Offset, l1);
    }

    private bool MarkCopied(ulong[] entries)
    {
        bool isChanged = false;
        for (int i = 0; i < entries.Length; i++)
        {
            if ((entries[i] & Compressed) != 0 || (entries[i] & OffsetMask) == 0)
                continue;
            bool isOnly = Refcounts[(long)(entries[i] & OffsetMask) >> _header.ClusterBits] == 1;
            ulong marked = isOnly ? entries[i] | Copied : entries[i] & ~Copied;
            isChanged |= marked != entries[i];
            entries[i] = marked;
        }

        return isChanged;
    }

    private ulong[] ReadL2(ulong table) => Qcow2Table.Read(_file, (long)(table & OffsetMask), (int)(_header.ClusterLength / sizeof(ulong)));

    /// <summary>Comes before the first change: what is refused changes nothing.</summary>
    private void Begin()
    {
        lock (_metadata.Gate)
            _metadata.BeginChangesLocked();
    }

    private void RequireSize(ulong size)
    {
        ulong entries = Qcow2Header.L1EntriesFor(size, _header.ClusterBits);
        if (size == 0 || size % SectorLength != 0 || size > long.MaxValue / 2 || entries > MaximumL1Length / sizeof(ulong))
            throw new StorageException($"The disk '{_file.Name}' cannot have {size} bytes.");
        if (_header.Version < 3 && _snapshots.Count > 0)
            throw new StorageException($"The disk '{_file.Name}' has snapshots, which in version 2 of the format do not know their size: delete them first.");
    }

    private void RequireTable(ulong entry)
    {
        ulong offset = entry & OffsetMask;
        if ((offset & (ulong)(_header.ClusterLength - 1)) != 0 || offset >= (ulong)_file.Length)
            throw new StorageException($"The disk '{_file.Name}' is damaged: an L2 table at offset {offset} cannot be.");
    }

    private void Free(long offset, long length)
    {
        for (long cluster = offset >> _header.ClusterBits; cluster < _header.ClustersFor(offset + length); cluster++)
            _ = Refcounts.Decrement(cluster);
    }

    private void SetSnapshots(IReadOnlyList<Qcow2Snapshot> snapshots)
    {
        byte[] bytes = Qcow2SnapshotTable.ToBytes(snapshots);
        if (snapshots.Count > MaximumSnapshots || bytes.Length > MaximumSnapshotTableLength)
            throw new StorageException($"The disk '{_file.Name}' has as many snapshots as it can.");
        long table = 0;
        if (bytes.Length > 0)
        {
            table = Refcounts.AllocateTable((int)_header.ClustersFor(bytes.Length)) << _header.ClusterBits;
            _file.Write(bytes, table);
            SynchronizeCounts();
        }

        long oldTable = _header.Snapshots;
        long oldLength = _snapshotTableLength;
        _header = _header with { SnapshotCount = snapshots.Count, Snapshots = table };
        WriteHeader();
        (_snapshots, _snapshotTableLength) = (snapshots, bytes.Length);
        Free(oldTable, oldLength);
        SynchronizeCounts();
    }

    private void SetL1(long table, int size, ulong diskSize)
    {
        _header = _header with { L1Table = table, L1Size = size, Size = diskSize };
        WriteHeader();
    }

    /// <summary>Writes what can change of the header, which is less than a sector.</summary>
    private void WriteHeader()
    {
        var sector = new byte[HeaderSector];
        _file.Read(sector, 0);
        BinaryPrimitives.WriteUInt64BigEndian(sector.AsSpan(SizeOffset), _header.Size);
        BinaryPrimitives.WriteUInt32BigEndian(sector.AsSpan(L1SizeOffset), (uint)_header.L1Size);
        BinaryPrimitives.WriteInt64BigEndian(sector.AsSpan(L1TableOffset), _header.L1Table);
        BinaryPrimitives.WriteUInt32BigEndian(sector.AsSpan(SnapshotCountOffset), (uint)_header.SnapshotCount);
        BinaryPrimitives.WriteInt64BigEndian(sector.AsSpan(SnapshotsOffset), _header.Snapshots);
        _file.Write(sector.AsMemory(SizeOffset, SnapshotsOffset + sizeof(ulong) - SizeOffset), SizeOffset);
        _file.Sync();
    }
}
