using System.Globalization;
using Hearth.Snapshots.Files;

namespace Hearth.Snapshots.Pages;

/// <summary>All packs of a store. New chunks go to packs that this process has begun. From any thread; a pack is not removed while something that may be read refers to it.</summary>
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
    private Pack? _open;
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

    /// <summary>Keeps a chunk.</summary>
    /// <returns>Its first page.</returns>
    public PageReference Append(ReadOnlySpan<byte> chunk)
    {
        lock (_sync)
        {
            if (_open is null || _open.HasFailed)
                _open = Begin();
            var page = new PageReference(_open.Number, _open.Append(chunk), 0);
            if (_open.End >= FullLength)
                _open = null;
            return page;
        }
    }

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

    /// <summary>Gives back what nothing needs. Nothing may be kept meanwhile.</summary>
    /// <param name="needed">Chunks, by their first pages.</param>
    /// <exception cref="SnapshotException">One that is needed is damaged, or the host's file system refused.</exception>
    public void Sweep(IEnumerable<PageReference> needed)
    {
        var places = new Dictionary<int, HashSet<long>>();
        foreach (PageReference chunk in needed)
        {
            if (!places.TryGetValue(chunk.Pack, out HashSet<long>? inPack))
                places.Add(chunk.Pack, inPack = []);
            _ = inPack.Add(chunk.ChunkOffset);
        }

        lock (_sync)
        {
            foreach (Pack pack in _packs.Values.Where(pack => !pack.HasFailed).ToArray())
            {
                if (places.TryGetValue(pack.Number, out HashSet<long>? inPack))
                    pack.MakeGaps(inPack);
                else if (pack != _open)
                    Remove(pack);
            }

            foreach (int number in _broken.Where(number => !places.ContainsKey(number)).ToArray())
            {
                _folder.Delete(PathOf(number));
                _ = _broken.Remove(number);
            }
        }
    }

    public void Dispose()
    {
        lock (_sync)
        {
            foreach (Pack pack in _packs.Values)
                pack.Dispose();
            _packs.Clear();
        }
    }

    private static bool TryReadName(string name, out int number) =>
        int.TryParse(Path.GetFileNameWithoutExtension(name), NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is > 0 and <= PageReference.MaximumPack && NameOf(number) == name;

    private static string NameOf(int number) => number.ToString("D8", CultureInfo.InvariantCulture) + Extension;

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

    private Pack Begin()
    {
        if (_last == PageReference.MaximumPack)
            throw new SnapshotException($"{_folder.NameOf(_path)} has had as many packs as there can be");
        int number = ++_last;
        var pack = Pack.Create(number, _folder.Create(PathOf(number)), _folder.NameOf(PathOf(number)));
        _packs.Add(number, pack);
        _hasNewNames = true;
        return pack;
    }

    private Pack PackOf(PageReference page)
    {
        lock (_sync)
            return _packs.TryGetValue(page.Pack, out Pack? pack)
                ? pack
                : throw new SnapshotException($"{_folder.NameOf(PathOf(page.Pack))} is {(_broken.Contains(page.Pack) ? "damaged: it does not begin as it should" : "missing")}");
    }

    private void Remove(Pack pack)
    {
        _ = _packs.Remove(pack.Number);
        pack.Dispose();
        _folder.Delete(PathOf(pack.Number));
    }

    private string PathOf(int number) => Path.Combine(_path, NameOf(number));
}
