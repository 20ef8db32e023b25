using System.Globalization;
using Hearth.Snapshots.Files;

namespace Hearth.Snapshots.Pages;

/// <summary>
/// All packs of a store. New chunks go to packs that this process has begun, and of which each has one writer at a time. From any thread; a pack is not removed while something that may
/// be read refers to it. No lock that a reader takes is held while a disk is waited for.
/// </summary>
internal sealed class PackSet : IDisposable
{
    private const string Extension = ".pack";

    /// <summary>Bytes after which the next pack is begun: one is deleted as a whole when nothing needs it.</summary>
    private const long FullLength = 256 << 20;

    private readonly IStoreFolder _folder;
    private readonly string _path;

    /// <summary>Held while files are brought to stable storage: whoever comes meanwhile waits, as what he has written may be among it. Before <see cref="_sync"/>.</summary>
    private readonly Lock _synchronizing = new();
    private readonly Lock _sync = new();
    private readonly Dictionary<int, Pack> _packs = [];

    /// <summary>Files that do not begin as packs do.</summary>
    private readonly HashSet<int> _broken = [];

    /// <summary>Those with room that nobody writes to now.</summary>
    private readonly Stack<Pack> _open = [];

    /// <summary>Packs that are forgotten, and whose files are still there.</summary>
    private readonly Dictionary<int, Pack?> _forgotten = [];
    private bool _hasNewNames;
    private int _last;
    private int _failures;

    /// <exception cref="SnapshotException">The folder cannot be read, or has a pack of a later version.</exception>
    public PackSet(IStoreFolder folder, string path)
    {
        _folder = folder;
        _path = path;
        foreach (string name in folder.List(path))
        {
            if (!TryReadName(name, out int number))
                continue;
            Reserve(number);
            IStoreFile file = folder.Open(PathOf(number));
            if (Pack.TryOpen(number, file, folder.NameOf(PathOf(number))) is { } pack)
            {
                _packs.Add(number, pack);
                continue;
            }

            // A power cut left it before anything needed it, or it is damaged: who knows the states knows which.
            file.Dispose();
            _ = _broken.Add(number);
        }
    }

    /// <summary>How often something could not be brought to stable storage: what was kept before, and not committed, is not to be relied on.</summary>
    public int Failures => Volatile.Read(ref _failures);

    /// <summary>Keeps a number from being given to a new pack: something refers to it.</summary>
    public void Reserve(int number) => _last = Math.Max(_last, number);

    /// <summary>A later state may refer to it.</summary>
    public bool IsSound(PageReference page)
    {
        lock (_sync)
            return _packs.TryGetValue(page.Pack, out Pack? pack) && !pack.HasFailed;
    }

    /// <summary>A pack to write to, the caller's until he gives it back.</summary>
    /// <exception cref="SnapshotException">The host's file system refused.</exception>
    public Pack Take()
    {
        int number;
        lock (_sync)
        {
            while (_open.TryPop(out Pack? there))
            {
                if (there.HasFailed)
                    continue;
                there.Take();
                return there;
            }

            number = _last < PageReference.MaximumPack ? ++_last : throw new SnapshotException($"{_folder.NameOf(_path)} has had as many packs as there can be");
        }

        var pack = Pack.Create(number, _folder.Create(PathOf(number)), _folder.NameOf(PathOf(number)));
        lock (_sync)
        {
            _packs.Add(number, pack);
            _hasNewNames = true;
        }

        return pack;
    }

    /// <summary>Takes packs back from their writer, for others.</summary>
    public void Give(IEnumerable<Pack> taken)
    {
        lock (_sync)
        {
            foreach (Pack pack in taken)
            {
                pack.Give();
                if (HasRoom(pack))
                    _open.Push(pack);
            }
        }
    }

    /// <summary>More can be written to a pack.</summary>
    public static bool HasRoom(Pack pack) => !pack.HasFailed && pack.End < FullLength;

    /// <summary>Brings all that was kept so far to stable storage.</summary>
    public void Synchronize()
    {
        lock (_synchronizing)
        {
            Pack[] dirty;
            bool hasNewNames;
            lock (_sync)
            {
                dirty = [.. _packs.Values.Where(pack => pack.TakeDirty())];
                hasNewNames = _hasNewNames;
                _hasNewNames = false;
            }

            SnapshotException? failure = null;
            foreach (Pack pack in dirty)
                failure = TrySynchronize(pack) ?? failure;
            if (hasNewNames)
                SynchronizeNames();
            if (failure is not null)
                throw failure;
        }
    }

    /// <inheritdoc cref="Pack.Read"/>
    public ReadOnlySpan<byte> Read(PageReference page, Span<byte> buffer) => PackOf(page).Read(page.ChunkOffset, buffer);

    /// <inheritdoc cref="Pack.ReadHashes"/>
    public int ReadHashes(PageReference page, Span<PageHash> hashes) => PackOf(page).ReadHashes(page.ChunkOffset, hashes);

    public SnapshotException Damaged(PageReference page) => PackOf(page).Damaged(page.ChunkOffset);

    /// <summary>
    /// Finds out where there is something that nothing needs, and forgets the packs of which nothing is needed. What is written from now on, and what somebody is writing, is not among it.
    /// </summary>
    public PackSweep Plan(ChunkSet needed)
    {
        var plan = new PackSweep();
        lock (_sync)
        {
            foreach (Pack pack in _packs.Values.Where(pack => !pack.HasFailed).ToArray())
            {
                HashSet<long> inPack = needed.In(pack.Number);
                _ = inPack.RemoveWhere(offset => offset >= pack.SettledEnd);
                if (inPack.Count > 0 || pack.IsTaken || _open.Contains(pack))
                {
                    plan.Add(pack, inPack);
                    continue;
                }

                _ = _packs.Remove(pack.Number);
                _forgotten.Add(pack.Number, pack);
            }

            foreach (int number in _broken.Where(number => needed.In(number).Count == 0).ToArray())
            {
                _ = _broken.Remove(number);
                _forgotten.Add(number, null);
            }

            plan.AddUnneeded(_forgotten.Keys);
        }

        return plan;
    }

    /// <summary>Gives back what nothing needs, as far as that can be done.</summary>
    /// <exception cref="SnapshotException">A chunk that is needed is damaged, or the host's file system refused: the first of what went wrong.</exception>
    public void Sweep(PackSweep plan)
    {
        SnapshotException? failure = null;
        foreach (int number in plan.Unneeded)
        {
            SnapshotException? met = Try(() => DeleteForgotten(number));
            failure ??= met;
        }

        foreach (SweptPack swept in plan.Packs)
        {
            SnapshotException? met = Try(() => Sweep(swept));
            failure ??= met;
        }

        if (failure is not null)
            throw failure;
    }

    public void Dispose()
    {
        lock (_sync)
        {
            foreach (Pack pack in _packs.Values.Concat(_forgotten.Values.OfType<Pack>()))
                pack.Dispose();
            _packs.Clear();
        }
    }

    private static bool TryReadName(string name, out int number) =>
        int.TryParse(Path.GetFileNameWithoutExtension(name), NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is > 0 and <= PageReference.MaximumPack && NameOf(number) == name;

    private static string NameOf(int number) => number.ToString("D8", CultureInfo.InvariantCulture) + Extension;

    private static SnapshotException? Try(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (SnapshotException error)
        {
            return error;
        }
    }

    private void DeleteForgotten(int number)
    {
        // Somebody may just be bringing it to stable storage, with others.
        lock (_synchronizing)
            _forgotten[number]?.Dispose();
        _folder.Delete(PathOf(number));
        lock (_sync)
            _ = _forgotten.Remove(number);
    }

    private void Sweep(SweptPack swept)
    {
        IReadOnlyList<PackGap> gaps = swept.Pack.MarkGaps(swept.Needed, swept.End);
        if (gaps.Count == 0)
            return;
        lock (_synchronizing)
        {
            // The host tells one of two that a flush has failed: a committer may have been told of these gaps. One that comes behind this sees the count.
            if (swept.Pack.HasFailed)
                return;
            if (TrySynchronize(swept.Pack) is { } failure)
                throw failure;
        }

        swept.Pack.GiveBack(gaps);
    }

    /// <returns>What went wrong.</returns>
    private SnapshotException? TrySynchronize(Pack pack)
    {
        try
        {
            pack.Synchronize();
            return null;
        }
        catch (SnapshotException error)
        {
            _ = Interlocked.Increment(ref _failures);
            return error;
        }
    }

    private void SynchronizeNames()
    {
        try
        {
            _folder.Synchronize(_path);
        }
        catch (SnapshotException)
        {
            lock (_sync)
                _hasNewNames = true;
            throw;
        }
    }

    private Pack PackOf(PageReference page)
    {
        lock (_sync)
            return _packs.TryGetValue(page.Pack, out Pack? pack)
                ? pack
                : throw new SnapshotException($"{_folder.NameOf(PathOf(page.Pack))} is {(_broken.Contains(page.Pack) ? "damaged: it does not begin as it should" : "missing")}");
    }

    private string PathOf(int number) => Path.Combine(_path, NameOf(number));
}
