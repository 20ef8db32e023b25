using Hearth.Linux;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>
/// A guest's address space in a process of its own: which pages of RAM are mapped there, and with which rights. It behaves like a
/// TLB: filled on faults, and checked against the page tables after the guest flushed.
/// </summary>
internal sealed unsafe class DirectSpace : IDisposable
{
    private const int Read = 1;
    private const int Write = 2;
    private const int Execute = 4;
    private const ulong PageSize = GuestRam.PageSize;

    /// <summary>Bytes around a fault that are mapped with it where the guest has accessed them already.</summary>
    private const ulong Neighbourhood = 16 * PageSize;
    private const ulong LargePage = 2 << 20;

    /// <summary>A process has room for 65,530 mappings (vm.max_map_count); scattered pages take one each.</summary>
    private const int MaximumMappings = 40_000;

    private readonly VcpuState* _state;
    private readonly GuestRam _ram;
    private readonly Mmu _mmu;
    private readonly TranslationStore _store;
    private readonly CodeScan _scan;

    /// <summary>Physical page and rights by linear page.</summary>
    private readonly Dictionary<ulong, ulong> _pages = [];
    private readonly List<ulong> _lapsed = [];
    private int _mappings;

    /// <exception cref="LinuxException">The host allows no such process.</exception>
    public DirectSpace(VcpuState* state, GuestRam ram, Mmu mmu, TranslationStore store, CodeScan scan, DirectLauncher launcher)
    {
        _state = state;
        _ram = ram;
        _mmu = mmu;
        _store = store;
        _scan = scan;
        Process = new DirectProcess(launcher, ram.File);
    }

    public DirectProcess Process { get; }

    /// <summary>Something may have changed since the mappings were made.</summary>
    public bool IsStale { get; set; }

    /// <summary>Unmaps what the page tables, or who watches pages, no longer allow.</summary>
    /// <returns>False when the process is of no use any more.</returns>
    public bool TryRefresh()
    {
        if (!IsStale)
            return true;
        IsStale = false;
        if (_mmu.TryPeek(DirectStub.Code, TlbMode.User, out _) || _mmu.TryPeek(DirectStub.List, TlbMode.User, out _))
            return false;
        _lapsed.Clear();
        foreach ((ulong linear, ulong page) in _pages)
        {
            bool holds = _mmu.TryPeek(linear, TlbMode.User, out PageTranslation translation) &&
                translation.Physical == (page & ~(PageSize - 1)) && ((int)(page & 7) & ~Rights(translation)) == 0;
            if (!holds)
                _lapsed.Add(linear);
        }

        foreach (ulong linear in _lapsed)
        {
            _pages.Remove(linear);
            Process.Unmap(linear, PageSize);
            _mappings++;
        }

        return _mappings < MaximumMappings && Process.Flush();
    }

    /// <summary>Maps what a fault needs, as the processor would have found it in the page tables.</summary>
    /// <returns>False when the access is not possible here: the translator finds out what it leads to.</returns>
    public bool TryServeFault(ulong address)
    {
        ulong page = address & ~(PageSize - 1);
        if (address >= DirectStub.Code)
            return false;
        bool isMapped = _pages.TryGetValue(page, out ulong mapped);
        bool isFetch = address == _state->Rip;
        MemoryAccess access = isFetch ? MemoryAccess.Execute : isMapped ? MemoryAccess.Write : MemoryAccess.Read;
        if (!_mmu.TryWalk(address, access, TlbMode.User, out PageTranslation translation))
            return false;
        int rights = PrepareRights(translation);
        int needed = access switch { MemoryAccess.Execute => Execute, MemoryAccess.Write => Write, _ => Read };
        if ((rights & needed) == 0 || (isMapped && mapped == (translation.Physical | (uint)rights)))
            return false;
        ulong around = translation.Scale == PageScale.Page4K ? Neighbourhood : LargePage;
        _pages.Remove(page);
        MapAround(page & ~(around - 1), around);
        return _mappings < MaximumMappings && Process.Flush();
    }

    public void Dispose() => Process.Dispose();

    private void MapAround(ulong start, ulong length)
    {
        ulong runStart = 0;
        ulong runPage = 0;
        ulong runLength = 0;
        for (ulong linear = start; linear < start + length; linear += PageSize)
        {
            if (_pages.ContainsKey(linear) || linear >= DirectStub.Code || !_mmu.TryPeek(linear, TlbMode.User, out PageTranslation translation))
                continue;
            int rights = PrepareRights(translation);
            if (rights == 0)
                continue;
            ulong page = translation.Physical | (uint)rights;
            _pages[linear] = page;
            bool continues = runLength != 0 && linear == runStart + runLength && page == runPage + runLength;
            if (continues)
            {
                runLength += PageSize;
                continue;
            }

            MapRun(runStart, runPage, runLength);
            (runStart, runPage, runLength) = (linear, page, PageSize);
        }

        MapRun(runStart, runPage, runLength);
    }

    private void MapRun(ulong linear, ulong page, ulong length)
    {
        if (length == 0)
            return;
        _mappings++;
        Process.Map(linear, length, (int)(page & 7), _ram.FileOffset(page & ~(PageSize - 1)));
    }

    /// <summary>The rights a page may be mapped with as things stand.</summary>
    private int Rights(in PageTranslation translation)
    {
        if (_ram.HostAddress(translation.Physical) is null)
            return 0;
        byte flags = _ram.FlagsOf(translation.Physical);
        int rights = Read;
        if (translation.Writable && translation.Dirty && (flags & (byte)(PageFlags.Code | PageFlags.Dirty)) == (byte)PageFlags.Dirty)
            rights |= Write;
        if (translation.Executable && !translation.Writable && _store.IsWatched(translation.Physical))
            rights |= Execute;
        return rights;
    }

    /// <summary>As <see cref="Rights"/>, after doing what gives more: marking the page dirty, or looking at its code and watching it.</summary>
    private int PrepareRights(in PageTranslation translation)
    {
        byte* host = _ram.HostAddress(translation.Physical);
        if (host is null)
            return 0;
        if (translation.Writable && translation.Dirty)
            _ram.SetFlags(translation.Physical, PageFlags.Dirty);
        else if (translation.Executable && !translation.Writable && !_store.IsWatched(translation.Physical))
            WatchIfHarmless(translation.Physical, host);
        return Rights(translation);
    }

    /// <summary>Watched first, looked at then: a write in between is either seen or told.</summary>
    private void WatchIfHarmless(ulong physical, byte* host)
    {
        if (_store.IsKnownHarmful(physical))
            return;
        _store.Watch(physical);
        if (!_scan.IsHarmless(host))
            _store.StopWatching(physical, isHarmful: true);
    }
}
