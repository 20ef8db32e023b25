using System.Buffers.Binary;
using System.Collections;
using System.Numerics;
using static Hearth.Storage.Qcow2.Qcow2Layout;

namespace Hearth.Storage.Qcow2;

/// <summary>Walks everything an image refers to and compares it with its refcounts, and repairs what can be repaired without losing data.</summary>
/// <param name="header">The image's.</param>
/// <param name="stopAtDanger">Whether it is enough to know that there is a <see cref="Danger"/>: a hostile image can make the walk long.</param>
internal sealed class Qcow2Checker(ImageFile file, Qcow2Header header, IProgress<double>? progress = null, bool stopAtDanger = false)
{
    private const int FindingsShown = 50;

    private readonly List<string> _findings = [];
    private readonly Qcow2References _references = new(file, header);
    private readonly ulong[] _refcountTable = Qcow2Table.Read(file, header.RefcountTable, (int)(header.RefcountTableClusters * header.ClusterLength / sizeof(ulong)));
    private readonly List<int> _wrongBlocks = [];
    private readonly Qcow2TableReader _tables = new(file, (int)(header.ClusterLength / sizeof(ulong)));
    private readonly int _blockBits = BitOperations.Log2((ulong)header.RefcountBlockEntries);

    /// <summary>Which clusters are counted once, after what is repaired.</summary>
    private readonly BitArray _isCountedOnce = new((int)header.ClustersFor(file.Length));

    /// <summary>Clusters behind the old end of the file that the repair itself has taken, for blocks of counts.</summary>
    private readonly HashSet<long> _taken = [];

    private readonly byte[] _block = new byte[header.ClusterLength];
    private long _blockAt = -1;
    private long _unfixable;
    private long _allocated;
    private long _compressed;

    /// <summary>
    /// The first finding that a write could lose data by: an entry that cannot be, or a cluster with more references than its count or its flag says.
    /// Null where there is none; a power cut makes none.
    /// </summary>
    public string? Danger { get; private set; }

    /// <summary>Nothing was found that <see cref="Repair"/> has to leave as it is.</summary>
    public bool IsRepairable => _unfixable == 0;

    /// <summary>Finds out and changes nothing.</summary>
    /// <exception cref="StorageException">The host's disk failed, or the snapshot table cannot be read.</exception>
    public CheckReport Check()
    {
        CountReferences();
        if (stopAtDanger && Danger is not null)
            return Report(_unfixable + _wrongBlocks.Count, 0);
        (long tooLow, long leaks) = CompareCounts(null);
        long flags = CheckFlags(repair: false);
        return Report(_unfixable + _wrongBlocks.Count + tooLow + flags, leaks);
    }

    /// <summary>Finds out and repairs counts and flags. What a damaged entry referred to nobody can tell: it stays, and what may be its own is not given away.</summary>
    /// <inheritdoc cref="Check"/>
    public CheckReport Repair()
    {
        CountReferences();
        if (header.BitmapDirectory != 0 && (header.Autoclear & AutoclearBitmaps) == 0)
            _findings.Add("bitmaps that are no longer right are given up");
        foreach (int block in _wrongBlocks)
            file.WriteUInt64(0, header.RefcountTable + (block * (long)sizeof(ulong)));
        long blocks = _wrongBlocks.Count;
        var refcounts = new Qcow2Refcounts(file, header, _taken);
        (long tooLow, long leaks) = CompareCounts(refcounts);
        refcounts.Write();
        file.Sync();
        long flags = CheckFlags(repair: true);
        file.Sync();
        if (_unfixable == 0)
            ClearMarks();
        CheckReport report = Report(_unfixable, _unfixable == 0 ? 0 : leaks);
        return report with { ErrorsFixed = tooLow + flags + blocks, LeaksFixed = _unfixable == 0 ? leaks : 0 };
    }

    private CheckReport Report(long errors, long leaks) => new()
    {
        Findings = _findings,
        Errors = errors,
        Leaks = leaks,
        AllocatedClusters = _allocated,
        CompressedClusters = _compressed,
        TotalClusters = header.ClustersFor((long)header.Size),
    };

    private void Note(string finding)
    {
        if (_findings.Count < FindingsShown)
            _findings.Add(finding);
    }

    private void NoteDanger(string finding)
    {
        Danger ??= finding;
        Note(finding);
    }

    private void NoteUnfixable(string? finding)
    {
        if (finding is null)
            return;
        _unfixable++;
        NoteDanger(finding);
    }

    private void CountReferences()
    {
        NoteUnfixable(_references.Add(0, header.ClusterLength, ReferenceKind.Table, "header"));
        NoteUnfixable(_references.Add(header.RefcountTable, header.RefcountTableClusters * header.ClusterLength, ReferenceKind.Table, "refcount table"));
        for (int i = 0; i < _refcountTable.Length; i++)
            CountBlock(i);
        CountL1(header.L1Table, header.L1Size, isActive: true);
        Qcow2SnapshotTable snapshots = Qcow2SnapshotTable.Read(file, header);
        NoteUnfixable(_references.Add(header.Snapshots, snapshots.Length, ReferenceKind.Table, "snapshot table"));
        foreach (Qcow2Snapshot snapshot in snapshots.Snapshots)
            CountL1(snapshot.L1Table, snapshot.L1Size, isActive: false);
        if ((header.Autoclear & AutoclearBitmaps) != 0)
            CountBitmaps();
    }

    private void CountBlock(int index)
    {
        ulong offset = _refcountTable[index];
        if (offset == 0)
            return;
        bool isWrong = (offset & (ulong)(header.ClusterLength - 1)) != 0 || offset >= (ulong)file.Length;
        if (isWrong)
        {
            NoteDanger($"the refcount table's entry 0x{offset:x} at offset {header.RefcountTable + (index * (long)sizeof(ulong))} cannot be");
            _wrongBlocks.Add(index);
            _refcountTable[index] = 0;
            return;
        }

        NoteUnfixable(_references.Add((long)offset, header.ClusterLength, ReferenceKind.Table, "refcount block"));
    }

    private void CountL1(long offset, int size, bool isActive)
    {
        NoteUnfixable(_references.Add(offset, size * (long)sizeof(ulong), ReferenceKind.Table, "L1 table"));
        ulong[] l1 = Qcow2Table.Read(file, offset, size);
        Prefetch(l1);
        var tables = new HashSet<ulong>();
        for (int i = 0; i < l1.Length; i++)
        {
            progress?.Report((double)i / l1.Length);
            ulong table = l1[i] & OffsetMask;
            if (l1[i] == 0)
                continue;
            if (stopAtDanger && Danger is not null)
                return;
            if (table == 0 || (l1[i] & L1Reserved) != 0 || (table & (ulong)(header.ClusterLength - 1)) != 0 || table >= (ulong)file.Length)
                NoteUnfixable($"the L1 entry 0x{l1[i]:x} at offset {offset + (i * (long)sizeof(ulong))} cannot be");
            else if (!tables.Add(table))
                NoteUnfixable($"the L1 entry 0x{l1[i]:x} at offset {offset + (i * (long)sizeof(ulong))} names a table that another one has");
            else
                CountL2((long)table, isActive);
        }
    }

    /// <summary>Lets the host read the tables in the order of its disk.</summary>
    private void Prefetch(ulong[] l1)
    {
        foreach (ulong entry in l1)
        {
            if ((entry & OffsetMask) != 0)
                file.Prefetch((long)(entry & OffsetMask), header.ClusterLength);
        }
    }

    private void CountL2(long offset, bool isActive)
    {
        NoteUnfixable(_references.Add(offset, header.ClusterLength, ReferenceKind.L2Table, "L2 table"));
        ReadOnlySpan<ulong> entries = _tables.Read(offset);
        for (int i = 0; i < entries.Length; i++)
        {
            ulong entry = entries[i];
            if (entry == 0)
                continue;
            if ((entry & ~(OffsetMask | Copied)) == 0 && _references.TryAddData(entry & OffsetMask))
            {
                _allocated += isActive ? 1 : 0;
                continue;
            }

            string? wrong = CountEntry(entry);
            if (wrong is not null)
                NoteUnfixable($"the L2 entry 0x{entry:x} at offset {offset + (i * (long)sizeof(ulong))} is wrong: {wrong}");
            _allocated += isActive && (entry & (OffsetMask | Compressed)) != 0 ? 1 : 0;
            _compressed += isActive && (entry & Compressed) != 0 ? 1 : 0;
        }
    }

    private string? CountEntry(ulong entry)
    {
        if ((entry & Compressed) != 0)
        {
            (long start, int length) = Qcow2Mapping.CompressedRange(entry, header.ClusterBits);

            // The last sector may be cut by the file's end.
            if (start + length - file.Length >= SectorLength)
                return "its sectors lie beyond the file's end";
            return (entry & Copied) != 0
                ? "it is compressed and marked as copied"
                : _references.Add(start, Math.Min(length, Math.Max(file.Length - start, 1)), ReferenceKind.Data, "compressed cluster");
        }

        ulong host = entry & OffsetMask;
        if ((entry & L2Reserved) != 0 || (host & (ulong)(header.ClusterLength - 1)) != 0)
            return "it is no cluster's";
        if ((entry & ReadsAsZeros) != 0 && !header.HasZeroFlag)
            return "version 2 has no zero flag";
        if (host == 0)
            return (entry & Copied) == 0 ? null : "it names no cluster and is marked as copied";
        return _references.Add((long)host, header.ClusterLength, ReferenceKind.Data, "cluster of data");
    }

    /// <summary>Bitmaps of other programs (qcow2 specification, "Bitmaps"): their clusters are in use.</summary>
    private void CountBitmaps()
    {
        const int FixedLength = 24;
        NoteUnfixable(_references.Add(header.BitmapDirectory, header.BitmapDirectoryLength, ReferenceKind.Table, "bitmap directory"));
        if (header.BitmapDirectoryLength > MaximumSnapshotTableLength)
            return;
        var directory = new byte[header.BitmapDirectoryLength];
        file.Read(directory, header.BitmapDirectory);
        int at = 0;
        for (int i = 0; i < header.BitmapCount && at + FixedLength <= directory.Length; i++)
        {
            long table = BinaryPrimitives.ReadInt64BigEndian(directory.AsSpan(at));
            uint size = BinaryPrimitives.ReadUInt32BigEndian(directory.AsSpan(at + 8));
            CountBitmap(table, size);
            long length = FixedLength + BinaryPrimitives.ReadUInt32BigEndian(directory.AsSpan(at + 20)) + (long)BinaryPrimitives.ReadUInt16BigEndian(directory.AsSpan(at + 18));
            at = (int)Math.Min(directory.Length, at + ((length + 7) & ~7L));
        }
    }

    private void CountBitmap(long table, uint size)
    {
        long length = size * (long)sizeof(ulong);
        string? wrong = length > MaximumL1Length ? $"the bitmap table at offset {table} has {size} entries" : table < 0 || table > file.Length - length ? $"the bitmap table at offset {table} goes beyond the file" : _references.Add(table, length, ReferenceKind.Table, "bitmap table");
        NoteUnfixable(wrong);
        if (wrong is not null)
            return;
        foreach (ulong entry in Qcow2Table.Read(file, table, (int)size))
        {
            if ((entry & OffsetMask) != 0)
                NoteUnfixable(_references.Add((long)(entry & OffsetMask), header.ClusterLength, ReferenceKind.Table, "bitmap"));
        }
    }

    /// <param name="repair">Gets the right counts; null to leave them.</param>
    private (long TooLow, long Leaks) CompareCounts(Qcow2Refcounts? repair)
    {
        long tooLow = 0;
        long leaks = 0;
        for (long cluster = 0; cluster < _references.ClusterCount; cluster++)
        {
            ulong count = CountOf(cluster);
            ulong references = _references[cluster];
            bool isRepaired = repair is not null && (count < references || _unfixable == 0);
            _isCountedOnce[(int)cluster] = (isRepaired ? references : count) == 1;
            if (count == references)
                continue;
            if (count < references)
            {
                tooLow++;
                NoteDanger($"the cluster at offset {cluster << header.ClusterBits} has {references} references and is counted {count} times");
            }
            else
            {
                leaks++;
                if (!IsToldAll(isDanger: false))
                    Note($"the cluster at offset {cluster << header.ClusterBits} is counted {count} times and has {references} references");
            }

            if (isRepaired)
                repair!.Set(cluster, references);
        }

        return (tooLow, leaks + FindBeyond(repair));
    }

    /// <summary>Counts of clusters that the file does not have.</summary>
    private long FindBeyond(Qcow2Refcounts? repair)
    {
        long leaks = 0;
        for (long block = _references.ClusterCount / header.RefcountBlockEntries; block < _refcountTable.Length; block++)
        {
            if (_refcountTable[block] == 0)
                continue;
            long end = (block + 1) * header.RefcountBlockEntries;
            for (long cluster = Math.Max(_references.ClusterCount, block * header.RefcountBlockEntries); cluster < end; cluster++)
            {
                if (CountOf(cluster) == 0 || _taken.Contains(cluster))
                    continue;
                leaks++;
                Note($"the cluster at offset {cluster << header.ClusterBits} is counted and lies beyond the file's end");
                if (_unfixable == 0)
                    repair?.Set(cluster, 0);
            }
        }

        return leaks;
    }

    /// <summary>The count as it was in the file before anything was repaired, but for <see cref="_taken"/>.</summary>
    private ulong CountOf(long cluster)
    {
        long block = cluster >> _blockBits;
        if (block >= _refcountTable.Length || _refcountTable[block] == 0)
            return 0;
        if (_blockAt != block)
        {
            int inside = (int)Math.Min(_block.Length, file.Length - (long)_refcountTable[block]);
            file.Read(_block.AsMemory(0, inside), (long)_refcountTable[block]);
            _block.AsSpan(inside).Clear();
            _blockAt = block;
        }

        return Qcow2Refcounts.ReadBits(_block, cluster & (header.RefcountBlockEntries - 1), header.RefcountOrder);
    }

    /// <summary>Bit 63 of the active tables' entries says whether a cluster has one reference.</summary>
    private long CheckFlags(bool repair)
    {
        long wrong = 0;
        ulong[] l1 = Qcow2Table.Read(file, header.L1Table, header.L1Size);
        for (int i = 0; i < l1.Length; i++)
        {
            ulong table = l1[i] & OffsetMask;
            if (table == 0 || (table & (ulong)(header.ClusterLength - 1)) != 0 || table >= (ulong)file.Length)
                continue;
            wrong += CheckFlag(l1[i], header.L1Table + (i * (long)sizeof(ulong)), repair);
            ReadOnlySpan<ulong> entries = _tables.Read((long)table);
            for (int k = 0; k < entries.Length; k++)
            {
                if ((entries[k] & Compressed) == 0 && (entries[k] & OffsetMask) != 0)
                    wrong += CheckFlag(entries[k], (long)table + (k * sizeof(ulong)), repair);
            }
        }

        return wrong;
    }

    private int CheckFlag(ulong entry, long at, bool repair)
    {
        long cluster = (long)(entry & OffsetMask) >> header.ClusterBits;
        if (cluster >= _references.ClusterCount || (entry & Copied) != 0 == _isCountedOnce[(int)cluster])
            return 0;
        bool isDanger = (entry & Copied) != 0 && _references[cluster] > 1;
        if (IsToldAll(isDanger))
            return WriteFlag(entry, at, repair);
        string finding = $"the entry 0x{entry:x} at offset {at} says wrongly whether its cluster has one reference";
        if (isDanger)
            NoteDanger(finding);
        else
            Note(finding);
        return WriteFlag(entry, at, repair);
    }

    /// <summary>One more finding would not be told: a power cut in the wrong moment may leave millions.</summary>
    private bool IsToldAll(bool isDanger) => _findings.Count >= FindingsShown && (!isDanger || Danger is not null);

    private int WriteFlag(ulong entry, long at, bool repair)
    {
        if (repair)
            file.WriteUInt64(entry ^ Copied, at);
        return 1;
    }

    private void ClearMarks()
    {
        if (header.Version < 3 || (!header.IsDirty && !header.IsCorrupt))
            return;
        file.WriteUInt64(header.Incompatible & ~(IncompatibleDirty | IncompatibleCorrupt), IncompatibleOffset);
        file.Sync();
    }
}
