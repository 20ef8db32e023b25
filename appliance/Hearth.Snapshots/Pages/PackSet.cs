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
    private Pack? _open;
    private bool _hasNewNames;
    private int _last;

    /// <exception cref="SnapshotException">The folder cannot be read, or has a pack of a later version.</exception>
    public PackSet(IStoreFolder folder, string path)
    {
        _folder = folder;
        _path = path;
        foreach (string name in folder.List(path))
        {
            if (!name.EndsWith(Extension, StringComparison.Ordinal) || !int.TryParse(name.AsSpan(0, name.Length - Extension.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                continue;
            _last = Math.Max(_last, number);
            IStoreFile file = folder.Open(PathOf(number));
            if (Pack.TryOpen(number, file, folder.NameOf(PathOf(number))) is { } pack)
                _packs.Add(number, pack);
            else
                Remove(number, file);
        }
    }

    /// <summary>Keeps a chunk.</summary>
    /// <returns>Its first page.</returns>
    public PageReference Append(ReadOnlySpan<byte> chunk)
    {
        lock (_sync)
        {
            _open ??= Begin();
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

            foreach (Pack pack in dirty)
                pack.Synchronize();
            if (hasNewNames)
                SynchronizeNames();
        }
    }

    /// <inheritdoc cref="Pack.Read"/>
    public ReadOnlySpan<byte> Read(PageReference page, Span<byte> buffer) => PackOf(page).Read(page.ChunkOffset, buffer);

    /// <inheritdoc cref="Pack.ReadHashes"/>
    public int ReadHashes(PageReference page, Span<PageHash> hashes) => PackOf(page).ReadHashes(page.ChunkOffset, hashes);

    public SnapshotException Damaged(PageReference page) => PackOf(page).Damaged(page.ChunkOffset);

    /// <summary>Gives back what nothing needs. Nothing may be kept meanwhile.</summary>
    /// <param name="isNeeded">Of a chunk, by its first page.</param>
    /// <returns>Bytes that are needed.</returns>
    public long Sweep(Predicate<PageReference> isNeeded)
    {
        lock (_sync)
        {
            long all = 0;
            foreach (Pack pack in _packs.Values.ToArray())
            {
                long needed = pack.MakeGaps(offset => isNeeded(new PageReference(pack.Number, offset, 0)));
                all += needed;
                if (needed != 0 || pack == _open)
                    continue;
                _packs.Remove(pack.Number);
                Remove(pack.Number, pack);
            }

            return all;
        }
    }

    public void Dispose()
    {
        foreach (Pack pack in _packs.Values)
            pack.Dispose();
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
        int number = ++_last;
        var pack = Pack.Create(number, _folder.Create(PathOf(number)), _folder.NameOf(PathOf(number)));
        _packs.Add(number, pack);
        _hasNewNames = true;
        return pack;
    }

    private Pack PackOf(PageReference page)
    {
        lock (_sync)
            return _packs.TryGetValue(page.Pack, out Pack? pack) ? pack : throw new SnapshotException($"{_folder.NameOf(PathOf(page.Pack))} is missing");
    }

    private void Remove(int number, IDisposable open)
    {
        open.Dispose();
        _folder.Delete(PathOf(number));
    }

    private string PathOf(int number) => Path.Combine(_path, number.ToString("D8", CultureInfo.InvariantCulture) + Extension);
}
