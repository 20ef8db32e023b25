using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>The memory-management unit of one vCPU (Intel SDM Vol. 3, chapter 4); owns the contents of the soft TLB.</summary>
/// <remarks>
/// Everything here belongs to the vCPU's thread. Who takes the right to write from a page that other vCPUs may have in
/// their TLBs (<see cref="FlushWriteTags"/>) asks each of them.
/// PCIDs are not told apart: changing CR3 drops every entry that is not global, which the architecture allows.
/// </remarks>
internal sealed unsafe class Mmu
{
    private readonly VcpuState* _state;
    private readonly GuestRam _ram;
    private readonly PageWalker _walker;
    private readonly SoftTlb _tlb;

    public Mmu(VcpuState* state, GuestRam ram)
    {
        _state = state;
        _ram = ram;
        _walker = new PageWalker(state, ram);
        _tlb = new SoftTlb(state);
    }

    /// <summary>Told of each flush; set before the first instruction.</summary>
    public IFlushObserver? FlushObserver { get; set; }

    /// <summary>The table for data accesses of the running code.</summary>
    public int CurrentMode => TlbMode.Of((ModeFlags)_state->Mode);

    /// <summary>The table for implicit supervisor accesses, which SMAP guards whatever RFLAGS.AC says (Intel SDM Vol. 3, section 4.6.1).</summary>
    public int SystemMode => (_state->Cr4 & ControlRegister.Cr4Smap) != 0 ? TlbMode.GuardedSupervisor : TlbMode.Supervisor;

    /// <summary>Translates an access of the running code, by the current privilege level and SMAP.</summary>
    /// <returns>False when #PF is pending.</returns>
    public bool TryTranslate(ulong linear, MemoryAccess access, out ulong physical) =>
        TryTranslate(linear, access, CurrentMode, out physical);

    /// <summary>Translates an implicit supervisor access: descriptor tables, task-state segments.</summary>
    /// <returns>False when #PF is pending.</returns>
    public bool TryTranslateSystem(ulong linear, MemoryAccess access, out ulong physical) =>
        TryTranslate(linear, access, SystemMode, out physical);

    /// <param name="tlbMode">Whose rights count: a <see cref="TlbMode"/>.</param>
    /// <inheritdoc cref="TryTranslate(ulong, MemoryAccess, out ulong)"/>
    public bool TryTranslate(ulong linear, MemoryAccess access, int tlbMode, out ulong physical)
    {
        if (_tlb.TryPhysical(linear, access, tlbMode, out physical))
            return true;
        if (!_walker.TryWalk(linear, access, tlbMode, out PageTranslation translation, out uint errorCode))
        {
            PendingFault.PageFault(_state, linear, errorCode);
            return false;
        }

        physical = translation.Physical | (linear & 0xFFF);
        Fill(linear, access, tlbMode, translation);
        return true;
    }

    /// <summary>Walks the page tables for an access and fills the soft TLB.</summary>
    /// <returns>False when #PF is pending, or the page may not be in the soft TLB: no RAM, or a data breakpoint lies in it.</returns>
    public bool TryFill(ulong linear, MemoryAccess access, int tlbMode)
    {
        if (_walker.TryWalk(linear, access, tlbMode, out PageTranslation translation, out uint errorCode))
            return Fill(linear, access, tlbMode, translation);
        PendingFault.PageFault(_state, linear, errorCode);
        return false;
    }

    /// <summary>Walks the page tables for an access, sets the accessed and dirty bits, and fills nothing.</summary>
    /// <returns>False when the access faults; no fault is pending.</returns>
    public bool TryWalk(ulong linear, MemoryAccess access, int tlbMode, out PageTranslation translation) =>
        _walker.TryWalk(linear, access, tlbMode, out translation, out _);

    /// <summary>Looks a page up that was accessed before, in 4-level paging, and changes nothing.</summary>
    /// <returns>False when the page is not there for this mode, or was not accessed yet.</returns>
    public bool TryPeek(ulong linear, int tlbMode, out PageTranslation translation) => _walker.TryPeek(linear, tlbMode, out translation);

    /// <summary>Looks 2 MiB of user addresses up in 4-level paging, and changes nothing.</summary>
    /// <returns>False when nothing is there, or nothing was accessed yet.</returns>
    public bool TryPeekRegion(ulong linear, out RegionTranslation region) => _walker.TryPeekRegion(linear, out region);

    /// <summary>The host address of a byte that may be read, when the soft TLB knows it; null otherwise.</summary>
    public byte* ReadPointer(ulong linear, int tlbMode) => _tlb.ReadPointer(linear, tlbMode);

    /// <summary>The host address of a byte that may be written without telling <see cref="GuestRam.NoteWrite"/>; null otherwise.</summary>
    public byte* WritePointer(ulong linear, int tlbMode) => _tlb.WritePointer(linear, tlbMode);

    /// <summary>True when the soft TLB knows the page as global: only <see cref="Flush"/> and <see cref="FlushPage"/> drop it.</summary>
    public bool IsGlobal(ulong linear) => _tlb.IsGlobal(linear, CurrentMode);

    /// <summary>False when the soft TLB knows the page to have 4 KiB.</summary>
    public bool IsLarge(ulong linear) => _tlb.IsLarge(linear, CurrentMode);

    /// <summary>Drops every translation, global ones too.</summary>
    public void Flush()
    {
        _tlb.Flush();
        FlushObserver?.Flushed(keepsGlobal: false);
    }

    /// <summary>Drops every translation but those of global pages: a load of CR3.</summary>
    public void FlushNonGlobal()
    {
        _tlb.FlushLocal();
        FlushObserver?.Flushed(keepsGlobal: true);
    }

    /// <summary>INVLPG: drops the page of any size around an address.</summary>
    public void FlushPage(ulong linear)
    {
        _tlb.FlushPage(linear);
        FlushObserver?.PageFlushed(linear);
    }

    /// <summary>Takes the right to write without a slow path from every entry that maps a page: code was translated from it.</summary>
    public void FlushWriteTags(ulong physicalPage) => _tlb.FlushWriteTags(physicalPage);

    /// <summary>Takes that right from every entry: what it vouched for, <see cref="PageFlags.Dirty"/>, was taken.</summary>
    public void FlushWriteTags() => _tlb.FlushWriteTags();

    private bool Fill(ulong linear, MemoryAccess access, int tlbMode, in PageTranslation translation)
    {
        byte* host = _ram.HostAddress(translation.Physical);
        if (host is null || HasDataBreakpoint(linear))
            return false;

        // The processor may fetch what data accesses may not reach (SMAP), and such an entry must not serve reads.
        if (access == MemoryAccess.Execute && tlbMode == TlbMode.GuardedSupervisor && translation.UserPage)
            return true;
        bool writable = translation.Writable && translation.Dirty;
        if (writable)
        {
            if (access == MemoryAccess.Write)
                _ram.KeepBeforeWrite(translation.Physical);
            if (access == MemoryAccess.Write && (_ram.FlagsOf(translation.Physical) & (byte)PageFlags.Dirty) == 0)
                _ram.SetFlags(translation.Physical, PageFlags.Dirty);
            writable = (_ram.FlagsOf(translation.Physical) & (byte)PageFlags.WriteRights) == (byte)PageFlags.Dirty;
        }

        _tlb.Fill(linear, tlbMode, translation, host, writable);
        if (!writable)
            return true;

        // Another vCPU marks a page as code and then takes the write tags away (FlushWriteTags). Whoever comes second sees the
        // other: it finds this tag, or this finds its mark.
        Interlocked.MemoryBarrier();
        if ((_ram.FlagsOf(translation.Physical) & (byte)PageFlags.Code) != 0)
            _tlb.FlushWriteTags(translation.Physical);
        return true;
    }

    /// <summary>True when an enabled DR0–DR3 watches data in the page; fetch breakpoints are the translator's business.</summary>
    private bool HasDataBreakpoint(ulong linear)
    {
        ulong dr7 = _state->DebugRegister[5];
        if ((dr7 & 0xFF) == 0)
            return false;
        for (int i = 0; i < 4; i++)
        {
            bool enabled = ((dr7 >> (2 * i)) & 3) != 0;
            bool data = ((dr7 >> (16 + (4 * i))) & 1) != 0;
            if (enabled && data && (_state->DebugRegister[i] ^ linear) >> 12 == 0)
                return true;
        }

        return false;
    }
}
