using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>From the instruction pointer to translated code.</summary>
internal sealed unsafe class CodeFinder
{
    private const int PageSize = GuestRam.PageSize;

    private readonly VcpuState* _state;
    private readonly GuestRam _ram;
    private readonly Mmu _mmu;
    private readonly GuestAccess _access;
    private readonly TranslationStore _store;
    private readonly Action _clearStore;
    private readonly FetchCache _fetches = new();

    /// <param name="clearStore">Drops all translated code, alone.</param>
    public CodeFinder(VcpuState* state, GuestRam ram, Mmu mmu, GuestAccess access, TranslationStore store, Action clearStore)
    {
        _state = state;
        _ram = ram;
        _mmu = mmu;
        _access = access;
        _store = store;
        _clearStore = clearStore;
    }

    /// <summary>The linear address of the last block that was looked for.</summary>
    public ulong Linear { get; private set; }

    public void Forget() => _fetches.Clear();

    /// <summary>Finds or makes the block at the instruction pointer, and sets <see cref="VcpuState.PageRip"/> for it.</summary>
    /// <param name="mode">The current mode, perhaps with <see cref="ModeFlags.SingleStep"/> added.</param>
    /// <returns>Null when a fault is pending, or when the code does not lie in RAM.</returns>
    public TranslatedBlock? Find(ModeFlags mode)
    {
        if (!TryLinear(out ulong linear, out int end) || !TryPhysical(linear, out ulong physical))
            return null;
        Linear = linear;
        if (!MayHoldCode(physical))
            return null;
        int offset = (int)(linear & (PageSize - 1));
        ulong pageRip = _state->Rip - (ulong)offset;
        _state->PageRip = (mode & ModeFlags.Long) != 0 ? pageRip : (uint)pageRip;
        TranslatedBlock? block;
        while (!_store.TryFindOrTranslate(physical, mode, end, out block))
            _clearStore();
        return block ?? FindCrossing(linear, physical, mode);
    }

    private TranslatedBlock? FindCrossing(ulong linear, ulong physical, ModeFlags mode)
    {
        Span<byte> bytes = stackalloc byte[15];
        if (!_access.TryFetch(bytes, out int length))
            return null;
        int head = PageSize - (int)(linear & (PageSize - 1));
        ulong second = TranslatedBlock.NoPage;
        if (length > head)
        {
            ulong next = linear + (ulong)head;
            if ((mode & ModeFlags.Long) == 0)
                next = (uint)next;
            if (!_mmu.TryTranslate(next, MemoryAccess.Execute, out second))
                return null;
            if (!MayHoldCode(second))
                second = TranslatedBlock.NoPage;
        }

        TranslatedBlock? block = null;
        while (second != TranslatedBlock.NoPage && !_store.TryFindOrTranslateCrossing(physical, second, mode, length, out block))
            _clearStore();
        if (block is null)
            _ = _access.RaiseFetchFault(length);
        return block;
    }

    /// <summary>Device memory moves, and what was translated from it would be found where it was.</summary>
    private bool MayHoldCode(ulong physical) => _ram.HostAddress(physical) is not null && !_ram.IsDevice(physical);

    /// <summary>Applies the code segment.</summary>
    /// <param name="end">Where in the page the bytes that may be fetched end.</param>
    private bool TryLinear(out ulong linear, out int end)
    {
        end = PageSize;
        linear = _state->Rip;
        if ((_state->Mode & (uint)ModeFlags.Long) != 0)
        {
            if ((ulong)((long)(linear << 16) >> 16) == linear)
                return true;
            PendingFault.GeneralProtection(_state);
            return false;
        }

        uint limit = _state->SegmentLimit[(int)SegmentName.CS];
        if (linear > limit)
        {
            PendingFault.GeneralProtection(_state);
            return false;
        }

        ulong left = limit - linear + 1;
        linear = (uint)(linear + _state->SegmentBase[(int)SegmentName.CS]);
        int offset = (int)(linear & (PageSize - 1));
        if (left < (ulong)(PageSize - offset))
            end = offset + (int)left;
        return true;
    }

    private bool TryPhysical(ulong linear, out ulong physical)
    {
        bool user = (_state->Mode & (uint)ModeFlags.User) != 0;
        if (_fetches.TryGet(linear, user, out physical))
            return true;
        if (!_mmu.TryTranslate(linear, MemoryAccess.Execute, out physical))
            return false;
        _fetches.Add(linear, user, physical);
        return true;
    }

    /// <summary>Translations of code pages, dropped with every flush.</summary>
    private sealed class FetchCache
    {
        private const int Entries = 256;

        private readonly ulong[] _keys = new ulong[Entries];
        private readonly ulong[] _pages = new ulong[Entries];
        private bool _used;

        public bool TryGet(ulong linear, bool user, out ulong physical)
        {
            int index = (int)(linear >> 12) & (Entries - 1);
            physical = _pages[index] | (linear & (PageSize - 1));
            return _keys[index] == Key(linear, user);
        }

        public void Add(ulong linear, bool user, ulong physical)
        {
            int index = (int)(linear >> 12) & (Entries - 1);
            _keys[index] = Key(linear, user);
            _pages[index] = physical & ~(ulong)(PageSize - 1);
            _used = true;
        }

        public void Clear()
        {
            if (_used)
                Array.Clear(_keys);
            _used = false;
        }

        /// <summary>Never zero, which marks an empty entry.</summary>
        private static ulong Key(ulong linear, bool user) => (linear & ~(ulong)(PageSize - 1)) | (user ? 3UL : 1UL);
    }
}
