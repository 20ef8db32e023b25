using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>
/// All translated code of a machine, shared by its vCPUs: finds, translates, links and invalidates blocks.
/// </summary>
/// <remarks>
/// One lock protects the table, the links between blocks and the emitting end of the code cache. Machine code itself is
/// only ever appended, and changed at the aligned displacements of jumps, so vCPUs run it without the lock.
/// A block's entry in a jump cache is written by its vCPU under the lock and dropped by anyone under the lock.
/// </remarks>
internal sealed unsafe class TranslationStore : ICodeObserver, IDisposable
{
    private readonly Lock _lock = new();
    private readonly GuestRam _ram;
    private readonly CodeCache _cache;
    private readonly BlockTable _table = new();
    private readonly BlockTranslator _translator;
    private readonly List<TranslatedBlock> _doomed = [];
    private readonly List<ICodeUser> _users = [];

    public TranslationStore(GuestRam ram, InstructionClassifier classifier, nuint cacheLength)
    {
        _ram = ram;
        _cache = new CodeCache(cacheLength);
        _translator = new BlockTranslator(_cache, classifier);
        HostSignals.Register(_cache.Start, _cache.End, _cache.Stubs.HostFault);
        ram.CodeObserver = this;
    }

    public CodeCache Cache => _cache;

    /// <summary>Counts how often everything was dropped; links made across such a moment would lead nowhere.</summary>
    public int Generation { get; private set; }

    public bool IsFull
    {
        get
        {
            lock (_lock)
                return _cache.IsFull;
        }
    }

    public void Add(ICodeUser user)
    {
        lock (_lock)
            _users.Add(user);
    }

    /// <summary>Finds or makes the block at a physical address. Bytes are read from guest RAM; null when the first instruction crosses the page.</summary>
    public TranslatedBlock? FindOrTranslate(ulong physical, ModeFlags mode, int end)
    {
        lock (_lock)
        {
            if (_table.TryGet(physical, mode, out TranslatedBlock found))
                return found;
            ulong page = physical & ~0xFFFUL;
            MarkCodeLocked(page);
            var source = new BlockSource((nint)_ram.HostAddress(page), (int)(physical & 0xFFF), end, physical, TranslatedBlock.NoPage, mode);
            TranslatedBlock? block = _translator.Translate(source);
            if (block is not null)
                _table.Add(block);
            return block;
        }
    }

    /// <summary>Finds or makes the block of one instruction that crosses into another page, from a copy of its bytes.</summary>
    public TranslatedBlock? FindOrTranslateCrossing(ulong physical, ulong secondPage, ModeFlags mode, ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (_table.TryGet(physical, mode, out TranslatedBlock found) && (!found.CrossesPage || found.SecondPage == secondPage))
                return found;
            if (found is not null)
                InvalidateLocked(found);
            MarkCodeLocked(physical & ~0xFFFUL);
            MarkCodeLocked(secondPage);
            int start = (int)(physical & 0xFFF);
            fixed (byte* first = bytes)
            {
                var source = new BlockSource((nint)(first - start), start, start + bytes.Length, physical, secondPage, mode);
                TranslatedBlock? block = _translator.Translate(source);
                if (block is not null)
                    _table.Add(block);
                return block;
            }
        }
    }

    /// <summary>Makes a jump within a page lead straight to its target, unless either went away meanwhile.</summary>
    /// <param name="jump">Past the displacement of the jump.</param>
    /// <param name="page">The physical page of the jump. The target need not lie there: another vCPU may have changed the page table meanwhile.</param>
    /// <param name="generation">What <see cref="Generation"/> was when the jump was taken.</param>
    public void Link(byte* jump, ulong page, TranslatedBlock target, bool backward, int generation)
    {
        lock (_lock)
        {
            if (generation != Generation || !target.IsValid || target.CrossesPage || (target.Physical & ~0xFFFUL) != page)
                return;
            byte* stub = jump + ((int*)jump)[-1];
            byte* entry = backward ? target.CheckedEntry : target.NearEntry;
            if (stub == entry)
                return;
            target.Incoming.Add(((nint)jump, (nint)stub));
            HostEmitter.Bind(jump, entry);
        }
    }

    /// <summary>Writes a vCPU's jump-cache entry for a block, unless the block is gone.</summary>
    public void Remember(TranslatedBlock block, ulong* tag, ulong* code, ulong tagValue)
    {
        lock (_lock)
        {
            if (!block.IsValid)
                return;
            *code = (ulong)block.FarEntry;
            *tag = tagValue;
        }
    }

    /// <summary>True when a write to a range within one page of RAM must go past generated code.</summary>
    public bool HasCode(ulong physical, int length)
    {
        lock (_lock)
            return _table.HasCode(physical, length);
    }

    public void CodeWritten(ulong physical, int length)
    {
        lock (_lock)
        {
            _doomed.Clear();
            _table.Overlapping(physical, length, _doomed);
            foreach (TranslatedBlock block in _doomed)
                InvalidateLocked(block);
            if (_doomed.Count > 0 && !_table.HasPage(physical & ~0xFFFUL))
                _ram.ClearFlags(physical, PageFlags.Code);
        }
    }

    /// <summary>Drops everything. Only while no other vCPU is in generated code.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _table.Clear();
            _cache.Clear();
            Generation++;
            foreach (ICodeUser user in _users)
                user.ForgetAll();
        }
    }

    public void Dispose()
    {
        if (_ram.CodeObserver == this)
            _ram.CodeObserver = null;
        HostSignals.Unregister(_cache.Start);
        _cache.Dispose();
    }

    /// <summary>From here on every write to the page is seen; must happen before its bytes are read.</summary>
    private void MarkCodeLocked(ulong page)
    {
        if ((_ram.SetFlags(page, PageFlags.Code) & PageFlags.Code) != 0)
            return;
        foreach (ICodeUser user in _users)
            user.DropWriteTags(page);
    }

    private void InvalidateLocked(TranslatedBlock block)
    {
        block.IsValid = false;
        _table.Remove(block);
        foreach ((nint jump, nint stub) in block.Incoming)
            HostEmitter.Bind((byte*)jump, (byte*)stub);
        block.Incoming.Clear();
        foreach (ICodeUser user in _users)
            user.Forget(block);
    }
}
