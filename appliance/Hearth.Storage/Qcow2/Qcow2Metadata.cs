using static Hearth.Storage.Qcow2.Qcow2Layout;

namespace Hearth.Storage.Qcow2;

/// <summary>
/// Everything about an image that is not the disk's data, changed in memory and brought to the file in an order that keeps it whole wherever it is cut:
/// data and counts, then the entries that refer to them, then the counts of what nothing refers to any more.
/// </summary>
/// <remarks>
/// A flush holds new entries back (<see cref="WaitUntilThawedLocked"/>) from the moment it looks at the counts until it has written the entries, and no longer.
/// A cluster is free for others when the entry that referred to it has gone from the file and every transfer has ended that may have found it
/// there; transfers are counted by the generation they began in.
/// </remarks>
internal sealed class Qcow2Metadata : IDisposable
{
    private const int FreedLimit = 1 << 16;

    private readonly Qcow2Header _header;
    private readonly bool _isReadOnly;
    private readonly HashSet<long> _tables = [];
    private readonly int[] _transfers = new int[2];
    private readonly bool _isLazy;
    private List<long> _freed = new(1024);
    private List<long> _settling = new(1024);
    private int _generation;
    private bool _isFlushing;
    private bool _isFrozen;
    private bool _isChanged;
    private bool _isFailed;

    /// <param name="file">Owned from now on.</param>
    /// <exception cref="StorageException">A table cannot be.</exception>
    public Qcow2Metadata(ImageFile file, Qcow2Header header, bool isReadOnly)
    {
        File = file;
        _header = header;
        _isReadOnly = isReadOnly;
        _isLazy = header.HasLazyRefcounts && !isReadOnly;
        Refcounts = new Qcow2Refcounts(file, header, _tables);
        Mapping = new Qcow2Mapping(file, header, header.L1Table, header.L1Size, Refcounts);
        NoteTables();
        if (Refcounts.FindBeyond() is { } beyond)
            throw new StorageException($"The disk '{file.Name}' is cut short: its cluster at offset {beyond} lies beyond the file's {file.Length} bytes.");
    }

    /// <summary>
    /// The metadata of an image that is to be changed, when nothing in them could make a write destroy what it does not mean: counts and flags that say
    /// too little are refused. What a power cut has left counted too often is given back.
    /// </summary>
    /// <param name="file">Owned from now on, unless this fails.</param>
    /// <exception cref="StorageException">It is damaged.</exception>
    public static Qcow2Metadata OpenForWriting(ImageFile file, Qcow2Header header)
    {
        var metadata = new Qcow2Metadata(file, header, isReadOnly: false);
        var checker = new Qcow2Checker(file, header, stopAtDanger: true);
        CheckReport report = checker.Check();
        if (checker.Danger is { } danger)
            throw new StorageException($"The disk '{file.Name}' is damaged: {danger}; {(checker.IsRepairable ? "`hearth disk check --repair` puts that right" : "it can be read, opened read-only, but not written to")}.");

        // What bitmaps and other features of other programs refer to is theirs.
        if (report.IsClean || header.BitmapDirectory != 0 || header.Autoclear != 0)
            return metadata;
        _ = new Qcow2Checker(file, header).Repair();
        return new Qcow2Metadata(file, header, isReadOnly: false);
    }

    /// <summary>The image's lock. Held for metadata alone, also when they have to be read; never while data move or are synced.</summary>
    public object Gate { get; } = new();

    public ImageFile File { get; }

    public Qcow2Refcounts Refcounts { get; }

    public Qcow2Mapping Mapping { get; }

    /// <summary>So much has changed that it is time for a flush.</summary>
    public bool IsFull => Mapping.IsFull || Refcounts.IsFull || _freed.Count > FreedLimit;

    /// <summary>A transfer begins that relies on what it has found in the tables.</summary>
    /// <returns>For <see cref="Leave"/>.</returns>
    public int EnterLocked()
    {
        int generation = _generation & 1;
        _transfers[generation]++;
        return generation;
    }

    public void Leave(int generation)
    {
        lock (Gate)
        {
            if (--_transfers[generation] == 0 && _isFlushing)
                Monitor.PulseAll(Gate);
        }
    }

    /// <summary>Waits until entries may change. The lock is let go meanwhile.</summary>
    public void WaitUntilThawedLocked()
    {
        while (_isFrozen)
            Monitor.Wait(Gate);
    }

    /// <summary>The first change of an image clears the features that it breaks, and marks it dirty where counts come late.</summary>
    public void BeginChangesLocked()
    {
        RequireNotFailed();
        if (_isChanged)
            return;
        if (File.Length % _header.ClusterLength != 0)
            File.SetLength(_header.ClustersFor(File.Length) << _header.ClusterBits);
        if (_header.Autoclear != 0)
            File.WriteUInt64(0, AutoclearOffset);
        if (_isLazy)
            File.WriteUInt64(_header.Incompatible | IncompatibleDirty, IncompatibleOffset);
        if (_header.Autoclear != 0 || _isLazy)
            File.Sync();
        _isChanged = true;
    }

    /// <summary>What an entry referred to that is gone loses a reference, some time later.</summary>
    public void FreeLocked(ulong entry)
    {
        if ((entry & Compressed) != 0)
        {
            (long offset, int length) = Qcow2Mapping.CompressedRange(entry, _header.ClusterBits);
            for (long cluster = offset >> _header.ClusterBits; cluster <= (offset + length - 1) >> _header.ClusterBits; cluster++)
                _freed.Add(cluster);
        }
        else if ((entry & OffsetMask) != 0)
        {
            _freed.Add((long)(entry & OffsetMask) >> _header.ClusterBits);
        }
    }

    /// <summary>Makes the cluster's L2 table writable.</summary>
    public void PrepareLocked(long cluster) => Mapping.Prepare(cluster, _freed);

    /// <summary>A forged entry must not let a write into a table.</summary>
    public void RequireDataLocked(in Extent extent)
    {
        long last = (extent.HostOffset + extent.Length - 1) >> _header.ClusterBits;
        for (long cluster = extent.HostOffset >> _header.ClusterBits; cluster <= last; cluster++)
        {
            if (_tables.Contains(cluster))
                throw new StorageException($"The disk '{File.Name}' is damaged: the table at offset {cluster << _header.ClusterBits} is given as data too.");
        }
    }

    /// <summary>Everything that ended before is on stable storage afterwards.</summary>
    /// <exception cref="StorageException">The host's disk failed, or is full.</exception>
    public void Flush()
    {
        bool hasEntries;
        SyncGrowth();
        lock (Gate)
        {
            while (_isFlushing)
                Monitor.Wait(Gate);

            // Others may have made it grow again; the data are on stable storage already, so this is quick.
            if (File.HasGrown)
                Sync();
            hasEntries = Mapping.IsDirty || _freed.Count > 0;
            if (!_isLazy || Refcounts.IsFull)
                Refcounts.Write();
            _isFlushing = _isFrozen = hasEntries;
        }

        if (!hasEntries)
        {
            Sync();
            return;
        }

        try
        {
            FlushEntries();
        }
        finally
        {
            lock (Gate)
            {
                _isFlushing = _isFrozen = false;
                Monitor.PulseAll(Gate);
            }
        }
    }

    /// <summary>Leaves the image as the format wants it. No change may be in flight, nor a flush; reads may, which touch neither counts nor the file's end that nothing is in.</summary>
    /// <exception cref="StorageException">The host's disk failed, now or before, or is full.</exception>
    public void Close()
    {
        if (_isReadOnly)
            return;
        RequireNotFailed();
        if (!_isChanged)
            return;
        Flush();
        Refcounts.Write();
        File.SetLength(Math.Min(File.Length, Refcounts.End << _header.ClusterBits));
        Sync();
        if (_isLazy)
        {
            File.WriteUInt64(_header.Incompatible & ~IncompatibleDirty, IncompatibleOffset);
            Sync();
        }

        // Once: from here on the file may be somebody else's to write to.
        _isChanged = false;
    }

    public void Dispose() => File.Dispose();

    /// <summary>Counts of clusters beyond the end that the file has after a power cut would make it one that was cut short.</summary>
    private void SyncGrowth()
    {
        if (File.HasGrown)
            Sync();
    }

    private void FlushEntries()
    {
        int generation;
        Sync();
        lock (Gate)
        {
            Mapping.Write();
            (_freed, _settling) = (_settling, _freed);
            generation = _generation++ & 1;
            _isFrozen = false;
            Monitor.PulseAll(Gate);
        }

        Sync();
        lock (Gate)
        {
            while (_transfers[generation] > 0)
                Monitor.Wait(Gate);
            SettleLocked();
        }
    }

    /// <summary>Nothing refers any more to what was freed, neither the file nor a transfer.</summary>
    private void SettleLocked()
    {
        try
        {
            _settling.Sort();
            for (int i = 0; i < _settling.Count;)
            {
                int run = 1;
                bool isLast = Refcounts[_settling[i]] == 1;
                while (i + run < _settling.Count && _settling[i + run] == _settling[i] + run && (Refcounts[_settling[i + run]] == 1) == isLast)
                    run++;
                if (isLast)
                    File.PunchHole(_settling[i] << _header.ClusterBits, (long)run << _header.ClusterBits);
                for (int k = i; k < i + run; k++)
                    SettleLocked(_settling[k]);
                i += run;
            }
        }
        finally
        {
            // What a failing host has left counted is lost room; counted down twice it would be somebody else's.
            _settling.Clear();
        }
    }

    private void SettleLocked(long cluster)
    {
        // What is counted as free already was counted wrongly; a check says so.
        if (Refcounts[cluster] != 0 && Refcounts.Decrement(cluster) == 0)
            Mapping.Forget(cluster);
    }

    private void RequireNotFailed()
    {
        if (_isFailed)
            throw new StorageException($"The disk '{File.Name}' takes no more: the host could not bring it to stable storage.");
    }

    private void Sync()
    {
        try
        {
            File.Sync();
        }
        catch (StorageException)
        {
            // What the kernel has dropped nobody knows, so nothing may be built on it.
            _isFailed = true;
            throw;
        }
    }

    private void NoteTables()
    {
        _ = _tables.Add(0);
        NoteRange(_header.L1Table, _header.L1Size * (long)sizeof(ulong));
        NoteRange(_header.RefcountTable, (long)_header.RefcountTableClusters << _header.ClusterBits);
        foreach (ulong block in Refcounts.Table)
            NoteOne(block & RefcountOffsetMask);
        foreach (ulong table in Mapping.L1)
            NoteOne(table & OffsetMask);
        Qcow2SnapshotTable snapshots = Qcow2SnapshotTable.Read(File, _header);
        NoteRange(_header.Snapshots, snapshots.Length);
        foreach (Qcow2Snapshot snapshot in snapshots.Snapshots)
            NoteRange(snapshot.L1Table, snapshot.L1Size * (long)sizeof(ulong));
    }

    private void NoteRange(long offset, long length)
    {
        for (long cluster = offset >> _header.ClusterBits; cluster < _header.ClustersFor(offset + length); cluster++)
            _ = _tables.Add(cluster);
    }

    private void NoteOne(ulong offset)
    {
        if (offset != 0)
            _ = _tables.Add((long)(offset >> _header.ClusterBits));
    }
}
