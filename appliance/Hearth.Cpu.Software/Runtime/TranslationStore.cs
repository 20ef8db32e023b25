using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>
/// All translated code of a machine, shared by its vCPUs: finds, translates, links and invalidates blocks.
/// </summary>
/// <remarks>
/// One lock protects the table, the links between blocks and the emitting end of the code cache. Machine code itself is
/// only ever appended, and changed at the aligned displacements of jumps, so vCPUs run it without the lock.
/// Jump caches and the block index may lead to a block that is gone: its memory stays until everything is dropped, and its far
/// entry jumps back to C#.
/// </remarks>
internal sealed unsafe class TranslationStore : ICodeObserver, IDisposable
{
    /// <summary>Bytes of translations that are kept from run to run.</summary>
    private const long LongestFile = 40 << 20;

    /// <summary>Blocks from the file stay in it for as many runs that have no use for them.</summary>
    private const byte OldestAge = 8;

    private readonly Lock _lock = new();
    private readonly GuestRam _ram;
    private readonly CodeCache _cache;
    private readonly BlockTable _table = new();
    private readonly JumpLinks _links;
    private readonly BlockIndex _index = new();
    private readonly ModeNumbers _modes = new();
    private readonly BlockTranslator _translator;
    private readonly List<TranslatedBlock> _doomed = [];
    private readonly List<ICodeUser> _users = [];

    /// <summary>Pages whose code was looked at for the direct tier: true for those it may execute.</summary>
    private readonly Dictionary<ulong, bool> _watched = [];
    private TranslationFile? _file;
    private KeptTranslations? _kept;

    /// <summary>Blocks of this run that can be kept, valid or not any more.</summary>
    private readonly List<TranslatedBlock> _portable = [];
    private int _placed;
    private long _watchGeneration;
    private long _translationTicks;
    private long _translated;
    private long _invalidated;

    /// <param name="hasNativeTimestamp">The host's time-stamp counter runs at the guest's pace.</param>
    public TranslationStore(GuestRam ram, InstructionClassifier classifier, bool hasNativeTimestamp, nuint cacheLength)
    {
        _ram = ram;
        _cache = new CodeCache(cacheLength);
        _links = new JumpLinks(_cache.Start);
        _translator = new BlockTranslator(_cache, classifier, hasNativeTimestamp, _modes.TryGet);
        HostSignals.Register(_cache.Start, _cache.End, _cache.Stubs.HostFault);
        ram.CodeObserver = this;
    }

    /// <summary>Uses the translations of former runs, once they are read, and keeps those of this one.</summary>
    /// <param name="identity">Everything of the engine, the host and the model that translations depend on.</param>
    public void Attach(string directory, string identity)
    {
        _file = new TranslationFile(directory, identity);
        _translator.KeepRelocations();

        // What is dropped is not kept for the next run.
        _cache.UseAll();
        Reading = Task.Run(() =>
        {
            ReadOnlyMemory<byte> records = _file.Read(LongestFile);
            if (!records.IsEmpty)
                Volatile.Write(ref _kept, new KeptTranslations(records));
        });
    }

    /// <summary>Ends when the translations of former runs are there; the guest need not wait for it.</summary>
    public Task Reading { get; private set; } = Task.CompletedTask;

    /// <summary>Blocks made from guest code in this run.</summary>
    public long Translated => _translated;

    /// <summary>Blocks taken over from former runs.</summary>
    public long Placed => _placed;

    public CodeCache Cache => _cache;

    /// <summary>Counts how often everything was dropped; links made across such a moment would lead nowhere.</summary>
    public int Generation { get; private set; }

    public bool IsFull
    {
        get
        {
            lock (_lock)
                return IsFullLocked;
        }
    }

    public BlockIndex Index => _index;

    /// <summary>Counts the pages that were watched and are not any more: see <see cref="Watch"/>.</summary>
    public long WatchGeneration => Volatile.Read(ref _watchGeneration);

    private bool IsFullLocked => _cache.IsFull || _modes.IsFull;

    public void Add(ICodeUser user)
    {
        lock (_lock)
            _users.Add(user);
    }

    /// <summary>From when this returns, nothing is asked of a vCPU any more.</summary>
    public void Remove(ICodeUser user)
    {
        lock (_lock)
            _users.Remove(user);
    }

    /// <summary>Finds or makes the block at a physical address of RAM.</summary>
    /// <param name="end">The offset in the page past the last byte that may be fetched.</param>
    /// <param name="block">Null when the first instruction does not end before <paramref name="end"/>.</param>
    /// <returns>False when there is no room: everything must be dropped first.</returns>
    public bool TryFindOrTranslate(ulong physical, ModeFlags mode, int end, out TranslatedBlock? block)
    {
        lock (_lock)
        {
            block = null;
            if (_table.TryGet(physical, mode, out TranslatedBlock found))
            {
                // Which page comes second is a matter of the page table, not of the first page.
                block = found.CrossesPage ? null : found;
                return true;
            }

            if (IsFullLocked)
                return false;
            ulong page = physical & ~0xFFFUL;
            MarkCodeLocked(page);
            block = TranslateLocked(new BlockSource((nint)_ram.HostAddress(page), (int)(physical & 0xFFF), end, physical, TranslatedBlock.NoPage, mode));
            return true;
        }
    }

    /// <summary>Finds or makes the block of one instruction that crosses into another page of RAM.</summary>
    /// <param name="secondPage">The physical page that comes next.</param>
    /// <param name="length">How many bytes may be fetched, up to 15; some lie in the second page.</param>
    /// <inheritdoc cref="TryFindOrTranslate"/>
    public bool TryFindOrTranslateCrossing(ulong physical, ulong secondPage, ModeFlags mode, int length, out TranslatedBlock? block)
    {
        lock (_lock)
        {
            block = null;
            if (_table.TryGet(physical, mode, out TranslatedBlock found))
            {
                if (!found.CrossesPage || found.SecondPage == secondPage)
                {
                    block = found;
                    return true;
                }

                InvalidateLocked(found);
            }

            if (IsFullLocked)
                return false;
            MarkCodeLocked(physical & ~0xFFFUL);
            MarkCodeLocked(secondPage);
            int start = (int)(physical & 0xFFF);
            int head = GuestRam.PageSize - start;
            byte* bytes = stackalloc byte[length];
            new ReadOnlySpan<byte>(_ram.HostAddress(physical), head).CopyTo(new Span<byte>(bytes, length));
            new ReadOnlySpan<byte>(_ram.HostAddress(secondPage), length - head).CopyTo(new Span<byte>(bytes + head, length - head));
            block = TranslateLocked(new BlockSource((nint)(bytes - start), start, start + length, physical, secondPage, mode));
            return true;
        }
    }

    /// <summary>Makes a jump within a page lead straight to its target, unless either went away meanwhile.</summary>
    /// <param name="jump">Past the displacement of the jump.</param>
    /// <param name="page">The physical page of the jump. The target need not lie there: another vCPU may have changed the page table meanwhile.</param>
    /// <param name="generation">What <see cref="Generation"/> was when the jump was taken.</param>
    public void Link(byte* jump, ulong page, TranslatedBlock target, bool isChecked, int generation)
    {
        lock (_lock)
        {
            if (generation != Generation || !target.IsValid || target.CrossesPage || (target.Physical & ~0xFFFUL) != page)
                return;
            byte* stub = jump + ((int*)jump)[-1];
            byte* entry = isChecked ? target.CheckedEntry : target.NearEntry;
            if (stub == entry)
                return;
            _links.Add(target, jump, stub);
            HostEmitter.Bind(jump, entry);
        }
    }

    /// <summary>The number of a mode in jump caches and the block index. It holds until everything is dropped.</summary>
    /// <returns>False when the numbers ran out.</returns>
    public bool TryNumberOf(ModeFlags mode, out int number)
    {
        lock (_lock)
            return _modes.TryGet(mode, out number);
    }

    /// <summary>Makes writes to a page of RAM known, because code of it is executed as it is (see <see cref="DirectSpace"/>).</summary>
    public void Watch(ulong physical)
    {
        ulong page = physical & ~0xFFFUL;
        lock (_lock)
        {
            _watched[page] = true;
            MarkCodeLocked(page);
        }
    }

    /// <param name="isHarmful">The page holds instructions that must not be executed as they are, until it is written.</param>
    public void StopWatching(ulong physical, bool isHarmful)
    {
        lock (_lock)
        {
            if (isHarmful)
                _watched[physical & ~0xFFFUL] = false;
            else
                _watched.Remove(physical & ~0xFFFUL);
        }
    }

    public bool IsWatched(ulong physical)
    {
        lock (_lock)
            return _watched.TryGetValue(physical & ~0xFFFUL, out bool harmless) && harmless;
    }

    public bool IsKnownHarmful(ulong physical)
    {
        lock (_lock)
            return _watched.TryGetValue(physical & ~0xFFFUL, out bool harmless) && !harmless;
    }

    /// <summary>True when a write to a range within one page with <see cref="PageFlags.Code"/> must go past generated code.</summary>
    public bool HasCode(ulong physical, int length)
    {
        lock (_lock)
        {
            if (_table.HasCode(physical, length) || _watched.ContainsKey(physical & ~0xFFFUL))
                return true;
            UnmarkCodeLocked(physical);
            return false;
        }
    }

    public void CodeWritten(ulong physical, int length)
    {
        lock (_lock)
        {
            _doomed.Clear();
            _table.Overlapping(physical, length, _doomed);
            foreach (TranslatedBlock block in _doomed)
                InvalidateLocked(block);
            if (_watched.Remove(physical & ~0xFFFUL))
            {
                _watchGeneration++;
                TellPageChangedLocked();
            }

            UnmarkCodeLocked(physical);
        }
    }

    /// <summary>Drops everything. Only while no other vCPU is in generated code.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            foreach (ulong page in _table.Pages)
                _ram.ClearFlags(page, PageFlags.Code);
            _table.Clear();
            _links.Clear();
            foreach (ulong page in _watched.Keys)
                _ram.SetFlags(page, PageFlags.Code);
            _cache.Clear();
            _index.Clear();
            _portable.Clear();
            _modes.Clear();
            Generation++;
            foreach (ICodeUser user in _users)
                user.ForgetAll();
        }
    }

    /// <summary>Bytes of memory that everything here can take at most: code, its map, the index, former runs, and what is noted of each block.</summary>
    public long MemoryBound
    {
        get
        {
            const int SmallBlock = 640;
            const int BlockNotes = 330;
            long code = _cache.End - _cache.Start;
            return code + _cache.Map.Length + _index.Length + (_file is null ? 0 : LongestFile) + (code / SmallBlock * BlockNotes);
        }
    }

    public IEnumerable<EngineStatistic> Statistics()
    {
        lock (_lock)
        {
            return
            [
                new("memory: code cache", $"{_cache.BytesUsed >> 10} of {(_cache.End - _cache.Start) >> 10} KiB"),
                new("memory: map from host to guest code", $"{_cache.Map.BytesUsed >> 10} of {_cache.Map.Length >> 10} KiB"),
                new("memory: block index", $"{_index.Length >> 10} KiB"),
                new("blocks in the code cache", $"{_table.Count}"),
                new("blocks translated", $"{_translated}"),
                new("blocks kept from former runs", $"{_placed} used of {_kept?.Count ?? 0}"),
                new("memory: blocks from former runs", $"{(_kept?.BytesUsed ?? 0) >> 10} KiB"),
                new("blocks made invalid by writes", $"{_invalidated}"),
                new("code cache dropped", $"{Generation}"),
                new("time spent translating", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{System.Diagnostics.Stopwatch.GetElapsedTime(0, _translationTicks).TotalMilliseconds:F1} ms")),
            ];
        }
    }

    /// <summary>Writes what this run translated to the disk when it is much compared with what came from there. While no vCPU runs.</summary>
    public void Keep()
    {
        const int FewestBlocks = 256;

        // A run so short that they are not read yet must not write over them.
        Reading.Wait();
        lock (_lock)
        {
            if (_file is null || _portable.Count < FewestBlocks || _portable.Count < _placed / 2)
                return;
            using var records = new MemoryStream();
            new TranslationWriter(_cache, _portable, _table.Blocks, _links).Write(records, _kept, LongestFile, OldestAge);
            _ = _file.TryWrite(records.GetBuffer().AsSpan(0, (int)records.Length));
        }
    }

    public void Dispose()
    {
        if (_ram.CodeObserver == this)
            _ram.CodeObserver = null;
        HostSignals.Unregister(_cache.Start);
        _cache.Dispose();
        _index.Dispose();
    }

    /// <summary>From here on every write to the page is seen; must happen before its bytes are read.</summary>
    private void MarkCodeLocked(ulong page)
    {
        if ((_ram.SetFlags(page, PageFlags.Code) & PageFlags.Code) != 0)
            return;
        foreach (ICodeUser user in _users)
            user.DropWriteTags(page);
        TellPageChangedLocked();
    }

    private void TellPageChangedLocked()
    {
        foreach (ICodeUser user in _users)
            user.PageChanged();
    }

    /// <summary>Lets generated code write to a page that has no block (any more).</summary>
    private void UnmarkCodeLocked(ulong physical)
    {
        if (!_table.HasPage(physical & ~0xFFFUL) && !_watched.ContainsKey(physical & ~0xFFFUL))
            _ram.ClearFlags(physical, PageFlags.Code);
    }

    private TranslatedBlock? TranslateLocked(in BlockSource source)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        TranslatedBlock? block = PlaceLocked(source);
        if (block is null)
        {
            block = _translator.Translate(source);
            _translated++;
            if (block?.Details?.Relocations is not null)
                _portable.Add(block);
        }

        _translationTicks += System.Diagnostics.Stopwatch.GetTimestamp() - start;
        if (block is null)
            return null;
        _table.Add(block);
        if (IsIndexed(block))
            _index.Add(block.Physical, NumberOfLocked(block), block.FarEntry);
        return block;
    }

    private TranslatedBlock? PlaceLocked(in BlockSource source)
    {
        if (_kept is not { } kept || source.SecondPage != TranslatedBlock.NoPage || (source.Mode & ModeFlags.SingleStep) != 0)
            return null;
        int number = kept.Find(source);
        if (number < 0 || _translator.Place(kept[number], source) is not { } block)
            return null;
        kept.NoteUse(number);
        _placed++;
        return block;
    }

    /// <summary>A block that machine code may find by itself: not by which page comes next, nor for one instruction at a time.</summary>
    private static bool IsIndexed(TranslatedBlock block) => !block.CrossesPage && (block.Mode & ModeFlags.SingleStep) == 0;

    /// <summary>The mode has a number: the vCPU that asked for the block runs in it.</summary>
    private int NumberOfLocked(TranslatedBlock block) => _modes.TryGet(block.Mode, out int number)
        ? number
        : throw new InvalidOperationException("a block of a mode that no vCPU runs in");

    private void InvalidateLocked(TranslatedBlock block)
    {
        // Found twice where both its pages are one.
        if (!block.IsValid)
            return;
        block.IsValid = false;
        _invalidated++;
        _table.Remove(block);
        _links.Unlink(block);
        block.Kill(_cache.Stubs.Dead);
        if (IsIndexed(block))
            _index.Remove(block.Physical, NumberOfLocked(block));
    }
}
