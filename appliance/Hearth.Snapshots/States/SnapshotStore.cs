using System.Globalization;
using Hearth.Machine;
using Hearth.Snapshots.Files;
using Hearth.Snapshots.Pages;
using ZstdSharp;

namespace Hearth.Snapshots.States;

/// <summary>
/// The saved states of all guests in one folder. Equal pages are kept once, whoever's they are. Wherever a process or the power ends, every state that
/// was committed is there, and nothing else is.
/// </summary>
/// <remarks>
/// <code>
/// lock                  one process has the store
/// packs/00000001.pack   pages, in chunks that never move (Pack)
/// states/000000000001/  manifest (Manifest), and a file for each other part
/// states/new-…          a state that is being committed; deleted when the store is opened
/// states/last-…         empty: the number of the last state, where that is deleted
/// </code>
/// A commit brings packs to stable storage, then the files of the new folder, then gives it its name. From any thread; writers and readers are used by one thread each.
/// Nobody who writes or reads waits for somebody else's disk: a commit alone does, for all packs that are dirty, and for the one that a sweep flushes.
/// </remarks>
public sealed class SnapshotStore : IDisposable
{
    private const string PacksFolder = "packs";
    private const string StatesFolder = "states";
    private const string NewPrefix = "new-";
    private const string LastPrefix = "last-";
    private const int IndexCapacity = 1 << 20;

    private readonly IStoreFolder _folder;
    private readonly PackSet _packs;

    /// <summary>One deletes at a time. Before <see cref="_sync"/>.</summary>
    private readonly Lock _deleting = new();

    /// <summary>A state has lost its name, and that is not on stable storage. Under <see cref="_deleting"/>.</summary>
    private bool _isDeletionUncertain;

    /// <summary>Guards what follows. Before the lock of the packs.</summary>
    private readonly object _sync = new();
    private readonly PageIndex _index = new(IndexCapacity);
    private readonly SortedDictionary<long, Manifest> _states = [];
    private readonly Dictionary<long, int> _readers = [];
    private readonly HashSet<Holding> _holdings = [];
    private readonly List<UnreadableState> _unreadable = [];
    private long _lastId;
    private bool _isSweeping;

    /// <summary>The folders' own names are on stable storage. A process before this one may have ended when it had just made them.</summary>
    private volatile bool _hasDurableFolders;

    /// <summary>States that are deleted, and that a power cut may still bring back.</summary>
    private readonly Dictionary<long, Manifest> _leaving = [];

    /// <summary>Chunks of earlier processes whose pages are in <see cref="_index"/>: whether they still are what they were is looked at when they are needed.</summary>
    private readonly HashSet<PageReference> _unverified = [];

    /// <summary>Puts the pages of the states that were there into the index; until then they may be kept a second time.</summary>
    private readonly Thread _indexer;
    private bool _isIndexing = true;
    private volatile bool _isEnding;

    private SnapshotStore(IStoreFolder folder)
    {
        _folder = folder;
        folder.CreateFolder(PacksFolder);
        folder.CreateFolder(StatesFolder);
        _packs = new PackSet(folder, PacksFolder);
        foreach (string name in folder.List(StatesFolder))
            Load(name);
        foreach (PageReference leaf in _states.Values.SelectMany(manifest => manifest.Leaves))
            _packs.Reserve(leaf.Pack);
        Manifest[] states = [.. _states.Values];
        _indexer = new Thread(() => IndexStates(states)) { IsBackground = true, Name = "saved pages" };
        _indexer.Start();
    }

    /// <param name="folder">Made where it is not there.</param>
    /// <exception cref="SnapshotException">It cannot be used, another process has it, or it is of a later version.</exception>
    public static SnapshotStore Open(string folder)
    {
        var host = new HostFolder(folder);
        try
        {
            return new SnapshotStore(host);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="Open(string)"/>; the folder is owned from now on.</summary>
    internal static SnapshotStore Open(IStoreFolder folder) => new(folder);

    /// <summary>In the order in which they were taken.</summary>
    public IReadOnlyList<SavedState> States
    {
        get
        {
            lock (_sync)
                return [.. _states.Values.Select(manifest => manifest.State)];
        }
    }

    /// <summary>States that are there and cannot be read. As long as there are any, <see cref="Sweep"/> gives nothing back.</summary>
    public IReadOnlyList<UnreadableState> Unreadable
    {
        get
        {
            lock (_sync)
                return [.. _unreadable];
        }
    }

    /// <summary>A state by its number; null where there is none.</summary>
    public SavedState? Find(long id)
    {
        lock (_sync)
            return _states.GetValueOrDefault(id)?.State;
    }

    /// <summary>Begins a new state.</summary>
    /// <param name="pages">Pages of memory.</param>
    /// <param name="before">A state of as much memory, from which the new one differs in what is written; null to begin with zeros.</param>
    /// <exception cref="SnapshotException">The state before is gone, or has another size of memory; a name or the memory is too long.</exception>
    public SavedStateWriter Begin(string guest, long pages, SavedState? before)
    {
        Manifest.RequireName(guest);
        if (pages is < 0 or > Manifest.MaximumPages)
            throw new SnapshotException($"a state of {pages} pages of memory cannot be kept");
        lock (_sync)
        {
            var holding = new Holding(before is null ? new PageReference[PageTable.LeavesFor(pages)] : Require(before, pages).Leaves);
            _ = _holdings.Add(holding);
            return new SavedStateWriter(this, _packs, guest, pages, holding);
        }
    }

    /// <exception cref="SnapshotException">It is gone.</exception>
    public SavedStateReader Read(SavedState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        lock (_sync)
        {
            Manifest manifest = Require(state, state.Pages);
            _readers[state.Id] = _readers.GetValueOrDefault(state.Id) + 1;
            return new SavedStateReader(this, _packs, manifest);
        }
    }

    /// <summary>Looks whether a state can be taken back: reads all that it consists of and compares checksums.</summary>
    /// <param name="progress">Told the share that has been read; null for nobody.</param>
    /// <exception cref="SnapshotException">It is gone, or damaged.</exception>
    public void Verify(SavedState state, IProgress<double>? progress = null)
    {
        using SavedStateReader reader = Read(state);
        Manifest manifest;
        lock (_sync)
            manifest = Require(state, state.Pages);
        var needed = new ChunkSet();
        FindNeeded(manifest.Leaves, needed, []);
        var buffer = new byte[Chunk.MaximumLength];
        int read = 0;
        int count = needed.Count;
        foreach (PageReference chunk in needed.InOrder)
        {
            _ = _packs.Read(chunk, buffer);
            progress?.Report((double)++read / count);
        }

        foreach (StatePart part in manifest.Parts)
            _ = ReadPart(manifest, part.Name);
    }

    /// <summary>Deletes a state. What nothing else needs is given back by the next <see cref="Sweep"/>.</summary>
    /// <exception cref="SnapshotException">It is being read, or the host's file system refused.</exception>
    public void Delete(SavedState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        lock (_deleting)
        {
            lock (_sync)
            {
                if (_states.GetValueOrDefault(state.Id) is not { } manifest || manifest.State != state)
                    return;
                if (_readers.ContainsKey(state.Id))
                    throw new SnapshotException($"the state {state.Id} of {state.Guest} is in use");
                _ = _states.Remove(state.Id);
                _leaving.Add(state.Id, manifest);
            }

            DeleteFolderLocked(state.Id, () =>
            {
                _ = _leaving.Remove(state.Id, out Manifest? manifest);
                _states.Add(state.Id, manifest!);
            });
        }
    }

    /// <summary>Deletes a state that cannot be read.</summary>
    /// <exception cref="SnapshotException">The host's file system refused.</exception>
    public void Delete(UnreadableState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        lock (_deleting)
        {
            lock (_sync)
            {
                if (!_unreadable.Remove(state))
                    return;
            }

            DeleteFolderLocked(state.Id, () => _unreadable.Add(state));
        }
    }

    /// <summary>Gives back the room of pages that no state has, and no writer relies on.</summary>
    /// <returns>False where a state cannot be read, and nothing was given back.</returns>
    /// <exception cref="SnapshotException">A state is damaged, or the host's file system refused; what is needed stays.</exception>
    public bool Sweep()
    {
        lock (_sync)
        {
            // Nobody who saves waits for the index.
            while (_isSweeping || _isIndexing)
                Monitor.Wait(_sync);
            if (_unreadable.Count > 0 || _isEnding)
                return false;
            _isSweeping = true;
        }

        try
        {
            SettleDeletions();
            if (PlanSweep() is not { } plan)
                return false;
            _packs.Sweep(plan);
            return true;
        }
        finally
        {
            lock (_sync)
            {
                _isSweeping = false;
                Monitor.PulseAll(_sync);
            }
        }
    }

    /// <summary>To be called when nobody writes or reads any more; a sweep is waited for.</summary>
    public void Dispose()
    {
        _isEnding = true;
        _indexer.Join();
        lock (_sync)
        {
            while (_isSweeping)
                Monitor.Wait(_sync);
        }

        _packs.Dispose();
        _folder.Dispose();
    }

    /// <summary>Finds a page that is kept already, for a writer.</summary>
    /// <param name="holding">The writer's.</param>
    /// <param name="reader">The writer's.</param>
    internal bool TryFind(in PageHash hash, Holding holding, PageReader reader, out PageReference page)
    {
        lock (_sync)
        {
            if (!_index.TryFind(hash, out page) || !_packs.IsSound(page))
                return false;
            _ = holding.Chunks.Add(page.ChunkStart);
            if (!_unverified.Contains(page.ChunkStart))
                return true;
        }

        return IsWhole(page, holding, reader);
    }

    /// <summary>Lets others find the pages of a chunk.</summary>
    internal void Add(PageReference start, ReadOnlySpan<PageHash> hashes)
    {
        lock (_sync)
        {
            for (int i = 0; i < hashes.Length; i++)
                _index.Add(hashes[i], start.Next(i));
        }
    }

    internal SavedState Commit(SavedStateWriter writer, DateTimeOffset taken, long newBytes, IReadOnlyList<PageReference> leaves, IReadOnlyList<(StatePart Part, byte[] Content)> parts)
    {
        // With the first state, and not when the store is opened: guests wait for that, and a disk may take its time.
        if (!_hasDurableFolders)
            _folder.Synchronize("");
        _hasDurableFolders = true;
        _packs.Synchronize();
        if (_packs.Failures != writer.Failures)
            throw new SnapshotException("the pages of a state could not be brought to stable storage");
        long id;
        lock (_sync)
            id = ++_lastId;
        var manifest = new Manifest(new SavedState(id, writer.Guest, taken, writer.Pages, newBytes), [.. leaves], [.. parts.Select(part => part.Part)]);
        string made = Path.Combine(StatesFolder, NewPrefix + NameOf(id));
        try
        {
            _folder.CreateFolder(made);
            foreach ((StatePart part, byte[] content) in parts)
                WriteFile(Path.Combine(made, part.Name), content);
            WriteFile(Path.Combine(made, Manifest.FileName), manifest.Write());
            _folder.Synchronize(made);
            _folder.Rename(made, FolderOf(id));
        }
        catch (SnapshotException)
        {
            TryDelete(made);
            throw;
        }

        // Whether or not the next line fails, it may be there from now on, and what it refers to must be.
        lock (_sync)
            _states.Add(id, manifest);
        _folder.Synchronize(StatesFolder);
        return manifest.State;
    }

    internal void EndWriter(Holding holding)
    {
        lock (_sync)
            _ = _holdings.Remove(holding);
    }

    internal void EndReader(long id)
    {
        lock (_sync)
        {
            if (--_readers[id] == 0)
                _readers.Remove(id);
        }
    }

    internal byte[] ReadPart(Manifest manifest, string name)
    {
        StatePart part = manifest.Parts.FirstOrDefault(each => each.Name == name)
            ?? throw new SnapshotException($"{_folder.NameOf(FolderOf(manifest.State.Id))} has no {name}");
        string path = Path.Combine(FolderOf(manifest.State.Id), name);
        byte[] content = ReadFile(path, part.Length);
        if (content.Length != part.Length || Crc32C.Compute(content) != part.Checksum)
            throw new SnapshotException($"{_folder.NameOf(path)} is damaged: its checksum is wrong");
        try
        {
            using var decompressor = new Decompressor();
            return decompressor.Unwrap(content, StatePart.MaximumContent).ToArray();
        }
        catch (ZstdException error)
        {
            throw new SnapshotException($"{_folder.NameOf(path)} is damaged: it cannot be unpacked", error);
        }
    }

    private static string NameOf(long id) => id.ToString("D12", CultureInfo.InvariantCulture);

    private static string FolderOf(long id) => Path.Combine(StatesFolder, NameOf(id));

    private void Load(string name)
    {
        if (name.StartsWith(NewPrefix, StringComparison.Ordinal))
        {
            _folder.Delete(Path.Combine(StatesFolder, name));
            return;
        }

        if (name.StartsWith(LastPrefix, StringComparison.Ordinal) && long.TryParse(name.AsSpan(LastPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long last))
        {
            _lastId = Math.Max(_lastId, last);
            return;
        }

        if (!long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out long id))
            return;
        _lastId = Math.Max(_lastId, id);
        try
        {
            string path = Path.Combine(StatesFolder, name, Manifest.FileName);
            var manifest = Manifest.Read(ReadFile(path, Manifest.MaximumLength), _folder.NameOf(path));
            if (manifest.State.Id != id)
                throw new SnapshotException($"{_folder.NameOf(path)} is of another state, {manifest.State.Id}");
            _states.Add(id, manifest);
        }
        catch (SnapshotException error)
        {
            _unreadable.Add(new UnreadableState(id, error.Message));
        }
    }

    /// <param name="takeBack">There is the state still. Called under <see cref="_sync"/>.</param>
    private void DeleteFolderLocked(long id, Action takeBack)
    {
        string gone = Path.Combine(StatesFolder, NewPrefix + NameOf(id));
        try
        {
            MarkLastLocked(id);

            // Under a name that means nothing first: half a state must not be left under its own.
            _folder.Rename(FolderOf(id), gone);
        }
        catch (SnapshotException)
        {
            lock (_sync)
                takeBack();
            throw;
        }

        _isDeletionUncertain = true;
        SettleDeletionsLocked();
        _folder.Delete(gone);
    }

    private void SettleDeletions()
    {
        lock (_deleting)
            SettleDeletionsLocked();
    }

    /// <summary>Brings deletions to stable storage: until then their states need what they consist of.</summary>
    private void SettleDeletionsLocked()
    {
        if (!_isDeletionUncertain)
            return;
        _folder.Synchronize(StatesFolder);
        _isDeletionUncertain = false;
        lock (_sync)
            _leaving.Clear();
    }

    /// <summary>A number is given once: somebody may still count from the state that had it, and what another one has by then would be taken for it.</summary>
    /// <param name="id">Of a state that is about to go.</param>
    private void MarkLastLocked(long id)
    {
        string mark;
        lock (_sync)
        {
            if (_states.Keys.Concat(_unreadable.Select(state => state.Id)).Any(other => other > id))
                return;
            mark = LastPrefix + NameOf(_lastId);
        }

        string[] marks = [.. _folder.List(StatesFolder).Where(name => name.StartsWith(LastPrefix, StringComparison.Ordinal))];
        if (!marks.Contains(mark))
        {
            _folder.CreateFolder(Path.Combine(StatesFolder, mark));
            _folder.Synchronize(StatesFolder);
        }

        foreach (string earlier in marks.Where(name => name != mark))
            _folder.Delete(Path.Combine(StatesFolder, earlier));
    }

    private Manifest Require(SavedState state, long pages)
    {
        if (_states.GetValueOrDefault(state.Id) is not { } manifest || manifest.State != state)
            throw new SnapshotException($"the state {state.Id} of {state.Guest} is gone");
        return manifest.State.Pages == pages
            ? manifest
            : throw new SnapshotException($"the state {state.Id} of {state.Guest} has {manifest.State.Pages} pages of memory, and not {pages}");
    }

    private void IndexStates(Manifest[] states)
    {
        var needed = new ChunkSet();
        var seen = new HashSet<PageReference>();
        foreach (Manifest state in states)
        {
            try
            {
                FindNeeded(state.Leaves, needed, seen);
            }
            catch (SnapshotException)
            {
                // Whoever reads the state is told; of the others nothing is lost by it.
            }
        }

        foreach (PageReference chunk in needed.InOrder)
        {
            if (_isEnding || !TryIndexChunk(chunk))
                break;
        }

        lock (_sync)
        {
            _isIndexing = false;
            Monitor.PulseAll(_sync);
        }
    }

    /// <returns>False when the index has no more room.</returns>
    private bool TryIndexChunk(PageReference chunk)
    {
        Span<PageHash> hashes = stackalloc PageHash[Chunk.MaximumPages];
        int count;
        try
        {
            count = _packs.ReadHashes(chunk, hashes);
        }
        catch (SnapshotException)
        {
            return true;
        }

        lock (_sync)
        {
            if (_index.Count + count > IndexCapacity)
                return false;
            _ = _unverified.Add(chunk);
            for (int i = 0; i < count; i++)
                _index.Add(hashes[i], chunk.Next(i));
            return true;
        }
    }

    /// <summary>A page that is kept already is as it was: a new state must not rely on what the disk has lost.</summary>
    private bool IsWhole(PageReference page, Holding holding, PageReader reader)
    {
        Span<byte> content = stackalloc byte[Chunk.PageLength];
        try
        {
            reader.Read(page, content);
            lock (_sync)
                _ = _unverified.Remove(page.ChunkStart);
            return true;
        }
        catch (SnapshotException)
        {
            lock (_sync)
            {
                _ = holding.Chunks.Remove(page.ChunkStart);
                _index.Remove(each => each.ChunkStart == page.ChunkStart);
            }

            return false;
        }
    }

    /// <summary>Finds what is needed while others write, and then at one instant what has become needed meanwhile. From then on nobody finds a page that is not.</summary>
    /// <returns>Null where a state cannot be read, as that of a deletion that failed.</returns>
    private PackSweep? PlanSweep()
    {
        var needed = new ChunkSet();
        var seen = new HashSet<PageReference>();
        var done = new HashSet<object>(ReferenceEqualityComparer.Instance);
        while (true)
        {
            IReadOnlyList<PageReference>[] tables;
            lock (_sync)
            {
                tables = [.. _states.Values.Concat(_leaving.Values).Select(state => state.Leaves).Concat(_holdings.Select(holding => holding.Leaves)).Where(leaves => !done.Contains(leaves))];
                if (_unreadable.Count > 0)
                    return null;
                if (tables.Length == 0)
                {
                    foreach (PageReference chunk in _holdings.SelectMany(holding => holding.Chunks))
                        needed.Add(chunk);
                    PackSweep plan = _packs.Plan(needed);
                    _index.Remove(plan.TakesAway);
                    _ = _unverified.RemoveWhere(plan.TakesAway);
                    return plan;
                }
            }

            foreach (IReadOnlyList<PageReference> leaves in tables)
            {
                FindNeeded(leaves, needed, seen);
                _ = done.Add(leaves);
            }
        }
    }

    /// <summary>Finds all chunks that a table of pages needs.</summary>
    /// <param name="seen">Leaves that were looked at already.</param>
    private void FindNeeded(IReadOnlyList<PageReference> leaves, ChunkSet needed, HashSet<PageReference> seen)
    {
        using var reader = new PageReader(_packs);
        Span<byte> leaf = stackalloc byte[Chunk.PageLength];
        foreach (PageReference place in leaves)
        {
            if (place.IsZeros || !seen.Add(place))
                continue;
            needed.Add(place);
            reader.Read(place, leaf);
            PageReference last = default;
            for (int i = 0; i < PageTable.LeafPages; i++)
            {
                // Neighbours are in the same chunk, as a rule.
                PageReference chunk = PageTable.ReadReference(leaf, i).ChunkStart;
                if (chunk != last && !chunk.IsZeros)
                    needed.Add(chunk);
                last = chunk;
            }
        }
    }

    private void WriteFile(string path, ReadOnlySpan<byte> content)
    {
        using IStoreFile file = _folder.Create(path);
        file.Write(content, 0);
        file.Synchronize();
    }

    private byte[] ReadFile(string path, long most)
    {
        using IStoreFile file = _folder.Open(path);
        if (file.Length > most)
            throw new SnapshotException($"{_folder.NameOf(path)} is damaged: it has {file.Length} bytes");
        var content = new byte[file.Length];
        file.Read(content, 0);
        return content;
    }

    private void TryDelete(string path)
    {
        try
        {
            _folder.Delete(path);
        }
        catch (SnapshotException)
        {
            // The next start deletes it.
        }
    }
}
