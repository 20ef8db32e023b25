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
    private const int Protection = 7;
    private const ulong PageSize = GuestRam.PageSize;

    /// <summary>Pages around a fault that are mapped with it where the guest has accessed them already; all of a large page.</summary>
    private const int Neighbourhood = 16;

    /// <summary>A process has room for 65,530 mappings (vm.max_map_count).</summary>
    private const int MaximumRuns = 60_000;
    private const int MaximumRegions = 4096;

    private readonly VcpuState* _state;
    private readonly GuestRam _ram;
    private readonly Mmu _mmu;
    private readonly TranslationStore _store;
    private readonly CodeScan _scan;
    private readonly Dictionary<ulong, DirectRegion> _regions = [];
    private readonly List<ulong> _empty = [];

    /// <summary>Pages whose code was not to be executed here, by linear address.</summary>
    private readonly HashSet<ulong> _refused = [];
    private int _runs;
    private long _unmapped;
    private long _watchGeneration;

    /// <param name="processor">The host's processor that the calling thread runs on.</param>
    /// <exception cref="LinuxException">The host allows no such process.</exception>
    public DirectSpace(VcpuState* state, GuestRam ram, Mmu mmu, TranslationStore store, DirectLauncher launcher, DirectSelectors selectors, int processor)
    {
        _state = state;
        _ram = ram;
        _mmu = mmu;
        _store = store;
        Process = new DirectProcess(launcher, ram.File, selectors, processor);
        _scan = new CodeScan(Process.Traps);
    }

    public DirectProcess Process { get; }

    /// <summary>How many pages had to be unmapped since this was asked.</summary>
    public long TakeUnmapped()
    {
        long unmapped = _unmapped;
        _unmapped = 0;
        return unmapped;
    }

    /// <summary>The instruction at an address was not to be executed here.</summary>
    public bool IsRefused(ulong instruction) => _refused.Count != 0 && _refused.Contains(instruction >> GuestRam.PageShift);

    /// <summary>Unmaps what the page tables no longer allow, after the guest flushed; at the latest when <see cref="DirectProcess.Flush"/> is called.</summary>
    /// <returns>False when the guest has something where the process has <see cref="DirectStub"/>.</returns>
    public bool TryRefresh()
    {
        if (_mmu.TryPeek(DirectStub.Code, TlbMode.User, out _) || _mmu.TryPeek(DirectStub.List, TlbMode.User, out _))
            return false;
        _refused.Clear();
        foreach ((ulong start, DirectRegion region) in _regions)
        {
            if (!IsThere(start, out RegionTranslation translation, out ulong* table))
            {
                UnmapWhere(start, region, static (_, _, _) => true);
                continue;
            }

            region.Update(translation, table);
            if (!region.IsUnchecked)
                continue;
            region.IsUnchecked = false;
            UnmapWhere(start, region, static (space, region, page) => !Holds(region.Mapped(page), space.TableRights(region.Effective(page)), region.Effective(page)));
        }

        DropEmpty();
        return true;
    }

    /// <summary>As <see cref="TryRefresh()"/>, for one page of any size.</summary>
    /// <inheritdoc cref="TryRefresh()"/>
    public bool TryRefresh(ulong linear)
    {
        _refused.Remove(linear >> GuestRam.PageShift);
        ulong start = linear & ~((1UL << RegionTranslation.Shift) - 1);
        if (!_regions.TryGetValue(start, out DirectRegion? region))
            return true;
        if (region.Translation.Large != 0 || !IsThere(start, out RegionTranslation translation, out ulong* table) || translation.Large != 0)
            return TryRefresh();
        region.Update(translation, table);
        int page = (int)(linear >> GuestRam.PageShift) & (RegionTranslation.Pages - 1);
        if (region.Mapped(page) != 0 && !Holds(region.Mapped(page), TableRights(region.Effective(page)), region.Effective(page)))
        {
            SetMapped(region, page, 0);
            UnmapRun(start, page, 1);
        }

        return true;
    }

    /// <summary>As <see cref="TryRefresh()"/>, for what may not be written or executed any more because code of pages of RAM was translated, or changed.</summary>
    public void RecheckPages()
    {
        long generation = _store.WatchGeneration;
        bool codeChanged = generation != _watchGeneration;
        _watchGeneration = generation;
        if (codeChanged)
            _refused.Clear();
        foreach ((ulong start, DirectRegion region) in _regions)
        {
            if (codeChanged)
                UnmapWhere(start, region, static (space, region, page) => (region.Mapped(page) & ~(ulong)space.PageRights(region.Mapped(page)) & Protection) != 0);
            else
                UnmapWhere(start, region, static (space, region, page) => (region.Mapped(page) & Write) != 0 && !space.MayWrite(region.Mapped(page)));
        }

        DropEmpty();
    }

    /// <summary>Maps what a fault needs, as the processor would have found it in the page tables.</summary>
    /// <param name="instruction">The instruction pointer.</param>
    /// <returns>False when the access is not possible here: the translator finds out what it leads to.</returns>
    public bool TryServeFault(ulong address, ulong instruction)
    {
        if (address >= DirectStub.Code)
            return false;
        ulong start = address & ~((1UL << RegionTranslation.Shift) - 1);
        int page = (int)(address >> GuestRam.PageShift) & (RegionTranslation.Pages - 1);
        _regions.TryGetValue(start, out DirectRegion? region);
        ulong mapped = region is null ? 0 : region.Mapped(page);
        bool isFetch = address == instruction;
        MemoryAccess access = isFetch ? MemoryAccess.Execute : mapped != 0 ? MemoryAccess.Write : MemoryAccess.Read;
        if (!_mmu.TryWalk(address, access, TlbMode.User, out _))
            return false;
        int needed = access switch { MemoryAccess.Execute => Execute, MemoryAccess.Write => Write, _ => Read };
        if (TryMap(start, page, needed))
            return Process.Flush();
        if (isFetch)
            _refused.Add(address >> GuestRam.PageShift);
        return false;
    }

    /// <summary>Maps what the guest's kernel has made of a fault meanwhile; at the latest when <see cref="DirectProcess.Flush"/> is called.</summary>
    public void Prepare(ulong address)
    {
        ulong start = address & ~((1UL << RegionTranslation.Shift) - 1);
        if (address < DirectStub.Code)
            _ = TryMap(start, (int)(address >> GuestRam.PageShift) & (RegionTranslation.Pages - 1), 0);
    }

    /// <summary>Unmaps everything, at the latest when <see cref="DirectProcess.Flush"/> is called: for another address space, or because the host has no room for more.</summary>
    public void UnmapAll()
    {
        _regions.Clear();
        _refused.Clear();
        _runs = 0;
        Process.Unmap(0, DirectStub.Code);
    }

    public void Dispose() => Process.Dispose();

    private bool TryMap(ulong start, int page, int needed)
    {
        if (!IsThere(start, out RegionTranslation translation, out ulong* table))
            return false;
        if (_regions.Count >= MaximumRegions || _runs >= MaximumRuns)
            UnmapAll();
        if (!_regions.TryGetValue(start, out DirectRegion? region))
        {
            region = new DirectRegion();
            _regions.Add(start, region);
        }

        // What was flushed without being looked at again is still as it was for this process.
        region.Update(translation, table);
        ulong mapped = region.Mapped(page);
        ulong wanted = Grant(region.Effective(page), start + ((ulong)page << GuestRam.PageShift));
        if (wanted == 0 || ((int)wanted & needed) != needed || wanted == mapped)
            return false;
        SetMapped(region, page, 0);

        // Each page has to be there before it is mapped: while they come when they are touched, nobody waits for those of a large one.
        int around = translation.Large != 0 && !_ram.IsFilling ? RegionTranslation.Pages : Neighbourhood;
        MapAround(region, start, page, page & ~(around - 1), around);
        return true;
    }

    /// <remarks>Pages that are the same one again (the kernel's page of zeros) are no run, and will be others as soon as they are written.</remarks>
    private void MapAround(DirectRegion region, ulong start, int faulting, int first, int count)
    {
        int runPage = 0;
        int runLength = 0;
        ulong last = 0;
        for (int page = first; page < first + count; page++)
        {
            ulong linear = start + ((ulong)page << GuestRam.PageShift);
            if (region.Mapped(page) != 0 || linear >= DirectStub.Code)
                continue;
            ulong wanted = Grant(region.Effective(page), linear);
            bool isSame = wanted == last;
            last = wanted;
            if (wanted == 0 || (isSame && page != faulting))
                continue;
            SetMapped(region, page, wanted);
            if (runLength != 0 && page == runPage + runLength && wanted == region.Mapped(page - 1) + PageSize)
            {
                runLength++;
                continue;
            }

            MapRun(region, start, runPage, runLength);
            (runPage, runLength) = (page, 1);
        }

        MapRun(region, start, runPage, runLength);
    }

    private void MapRun(DirectRegion region, ulong start, int page, int length)
    {
        if (length == 0)
            return;
        ulong mapped = region.Mapped(page);
        Process.Map(start + ((ulong)page << GuestRam.PageShift), (ulong)length * PageSize, (int)(mapped & Protection), _ram.FileOffset(mapped & ~(PageSize - 1)));
    }

    private void UnmapWhere(ulong start, DirectRegion region, Func<DirectSpace, DirectRegion, int, bool> lapsed)
    {
        int from = 0;
        int length = 0;
        for (int page = 0; page < RegionTranslation.Pages; page++)
        {
            if (region.Mapped(page) == 0 || !lapsed(this, region, page))
                continue;
            SetMapped(region, page, 0);
            if (length != 0 && from + length == page)
            {
                length++;
                continue;
            }

            UnmapRun(start, from, length);
            (from, length) = (page, 1);
        }

        UnmapRun(start, from, length);
    }

    private void UnmapRun(ulong start, int page, int length)
    {
        if (length != 0)
            Process.Unmap(start + ((ulong)page << GuestRam.PageShift), (ulong)length * PageSize);
        _unmapped += length;
    }

    private void DropEmpty()
    {
        _empty.Clear();
        foreach ((ulong start, DirectRegion region) in _regions)
        {
            if (region.Count == 0)
                _empty.Add(start);
        }

        foreach (ulong start in _empty)
            _regions.Remove(start);
    }

    private void SetMapped(DirectRegion region, int page, ulong mapped)
    {
        _runs -= region.Runs;
        region.Set(page, mapped);
        _runs += region.Runs;
    }

    private bool IsThere(ulong start, out RegionTranslation translation, out ulong* table)
    {
        table = null;
        if (!_mmu.TryPeekRegion(start, out translation))
            return false;
        if (translation.Large == 0)
            table = (ulong*)_ram.HostAddress(translation.Base);
        return true;
    }

    /// <summary>True when a page may stay mapped as it is: it is where it was, with the rights it was mapped with.</summary>
    private static bool Holds(ulong mapped, int rights, ulong entry) =>
        (mapped & ~(PageSize - 1)) == (entry & PageTableEntry.Address) && ((int)(mapped & Protection) & ~rights) == 0;

    /// <summary>The rights that the page tables give.</summary>
    private int TableRights(ulong entry)
    {
        // Without EFER.NXE the bit is reserved.
        if (entry == 0 || ((entry & PageTableEntry.NoExecute) != 0 && (_state->Efer & ControlRegister.EferNoExecute) == 0))
            return 0;
        bool writable = (entry & PageTableEntry.Writable) != 0;
        bool executable = (entry & PageTableEntry.NoExecute) == 0;
        return Read | (writable && (entry & PageTableEntry.Dirty) != 0 ? Write : 0) | (executable && !writable ? Execute : 0);
    }

    /// <summary>The rights that what is done with a page of RAM leaves.</summary>
    private int PageRights(ulong physical) => Read | (MayWrite(physical) ? Write : 0) | (_store.IsWatched(physical) ? Execute : 0);

    private bool MayWrite(ulong physical) =>
        (_ram.FlagsOf(physical & ~(PageSize - 1)) & (byte)PageFlags.WriteRights) == (byte)PageFlags.Dirty;

    /// <summary>What a page may be mapped as, after doing what gives more: marking it dirty, or looking at its code and watching it.</summary>
    /// <returns>Physical address and rights; 0 when it may not be mapped.</returns>
    private ulong Grant(ulong entry, ulong linear)
    {
        int rights = TableRights(entry);
        ulong physical = entry & PageTableEntry.Address;

        // Device memory moves: the process would go on to write to it.
        byte* host = rights == 0 || _ram.IsDevice(physical) ? null : _ram.HostAddress(physical);
        if (host is null)
            return 0;
        _ram.EnsureThere(host);
        if ((rights & Write) != 0)
            _ram.KeepBeforeWrite(physical);
        if ((rights & Write) != 0 && (_ram.FlagsOf(physical) & (byte)PageFlags.Dirty) == 0)
            _ram.SetFlags(physical, PageFlags.Dirty);
        if ((rights & Execute) != 0 && !_store.IsWatched(physical))
            WatchIfHarmless(physical, host);
        if ((rights & Execute) != 0 && !HasHarmlessJoints(linear, host))
            rights &= ~Execute;
        return physical | (uint)(rights & PageRights(physical));
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

    /// <summary>A neighbour that is not there yet is looked at together with this one when it comes.</summary>
    private bool HasHarmlessJoints(ulong linear, byte* host)
    {
        byte* before = Executable(linear - PageSize);
        byte* after = Executable(linear + PageSize);
        return (before is null || _scan.IsHarmlessJoint(before, host)) && (after is null || _scan.IsHarmlessJoint(host, after));
    }

    /// <summary>The host's address of a page that the guest's user code may execute; null when there is none.</summary>
    private byte* Executable(ulong linear) =>
        _mmu.TryPeek(linear, TlbMode.User, out PageTranslation page) && page.Executable ? _ram.HostAddress(page.Physical) : null;
}
