using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>
/// Walks the page tables: 32-bit, PAE and 4-level paging (Intel SDM Vol. 3, sections 4.3 to 4.6), with access rights,
/// reserved bits, and the accessed and dirty bits.
/// </summary>
/// <remarks>
/// PAE's PDPTEs are read on each walk, not loaded with CR3 (AMD APM Vol. 2, section 5.3.2 does so; on Intel processors
/// software may not change them without reloading CR3, so it cannot tell). A paging structure outside RAM reads as zero.
/// </remarks>
internal sealed unsafe class PageWalker
{
    private const ulong RightsMask = PageTableEntry.Writable | PageTableEntry.User;

    private readonly VcpuState* _state;
    private readonly GuestRam _ram;

    public PageWalker(VcpuState* state, GuestRam ram)
    {
        _state = state;
        _ram = ram;
    }

    /// <param name="linear">Canonical; 32-bit outside 64-bit code.</param>
    /// <param name="tlbMode">Whose rights count: a <see cref="TlbMode"/>.</param>
    /// <param name="errorCode">The <see cref="PageFaultCode"/> when the result is false.</param>
    public bool TryWalk(ulong linear, MemoryAccess access, int tlbMode, out PageTranslation translation, out uint errorCode)
    {
        errorCode = 0;
        if ((_state->Cr0 & ControlRegister.Cr0Paging) == 0)
        {
            translation = new PageTranslation
            {
                Physical = linear & ~0xFFFUL,
                Writable = true,
                Executable = true,
                Dirty = true,
            };
            return true;
        }

        WalkStep step;
        do
        {
            step = WalkOnce(linear, access, tlbMode, out translation, out errorCode);
        }
        while (step == WalkStep.Restart);
        if (step == WalkStep.Found)
            return true;
        errorCode |= AccessCode(access, tlbMode);
        return false;
    }

    /// <inheritdoc cref="Mmu.TryPeek"/>
    public bool TryPeek(ulong linear, int tlbMode, out PageTranslation translation)
    {
        translation = default;
        var path = new WalkPath { Rights = RightsMask };
        if (!TryDescend(linear, _state->Cr3 & PageTableEntry.Address, 4, ref path, out _) || (path.AllAccessed & PageTableEntry.Accessed) == 0)
            return false;
        Describe(linear, tlbMode, path, out translation);
        return Allows(MemoryAccess.Read, tlbMode, translation);
    }

    /// <inheritdoc cref="Mmu.TryPeekRegion"/>
    public bool TryPeekRegion(ulong linear, out RegionTranslation region)
    {
        const ulong Needed = PageTableEntry.Present | PageTableEntry.User | PageTableEntry.Accessed;
        region = default;
        bool noExecute = (_state->Efer & ControlRegister.EferNoExecute) != 0;
        ulong table = _state->Cr3 & PageTableEntry.Address;
        ulong rights = PageTableEntry.Writable;
        for (int level = 4; level > 1; level--)
        {
            int shift = 12 + (9 * (level - 1));
            ulong* host = (ulong*)_ram.HostAddress(table + (((linear >> shift) & 511) * 8));
            ulong entry = host is null ? 0 : Volatile.Read(ref *host);
            bool leaf = level <= 3 && (entry & PageTableEntry.PageSize) != 0;
            if ((entry & Needed) != Needed || (entry & ReservedBits(level, leaf, noExecute)) != 0)
                return false;
            if (leaf)
            {
                ulong start = (entry & PageTableEntry.Address & ~((1UL << shift) - 1)) | (linear & ((1UL << shift) - 1) & ~((1UL << RegionTranslation.Shift) - 1));
                region = new RegionTranslation(start, entry, rights);
                return true;
            }

            rights = (rights & entry & PageTableEntry.Writable) | ((rights | entry) & PageTableEntry.NoExecute);
            table = entry & PageTableEntry.Address;
        }

        region = new RegionTranslation(table, 0, rights);
        return _ram.HostAddress(table) is not null;
    }

    private WalkStep WalkOnce(ulong linear, MemoryAccess access, int tlbMode, out PageTranslation translation, out uint errorCode)
    {
        translation = default;
        var path = new WalkPath { Rights = RightsMask };
        bool found;
        if ((_state->Cr4 & ControlRegister.Cr4Pae) == 0)
            found = TryDescend32(linear, ref path, out errorCode);
        else if ((_state->Efer & ControlRegister.EferLongModeActive) != 0)
            found = TryDescend(linear, _state->Cr3 & PageTableEntry.Address, 4, ref path, out errorCode);
        else
            found = TryDescendPae(linear, ref path, out errorCode);
        if (!found)
            return WalkStep.Fault;

        Describe(linear, tlbMode, path, out translation);
        if (!Allows(access, tlbMode, translation))
        {
            errorCode = PageFaultCode.Protection;
            return WalkStep.Fault;
        }

        bool markDirty = access == MemoryAccess.Write && !translation.Dirty;
        if ((path.AllAccessed & PageTableEntry.Accessed) == 0 || markDirty)
        {
            if (!TryMark(ref path, markDirty))
                return WalkStep.Restart;
            translation.Dirty |= markDirty;
        }

        return WalkStep.Found;
    }

    /// <summary>Levels of 8-byte entries, 512 a table, from <paramref name="level"/> down to 1.</summary>
    private bool TryDescend(ulong linear, ulong table, int level, ref WalkPath path, out uint errorCode)
    {
        bool noExecute = (_state->Efer & ControlRegister.EferNoExecute) != 0;
        for (; ; level--)
        {
            int shift = 12 + (9 * (level - 1));
            ulong at = table + (((linear >> shift) & 511) * 8);
            ulong* host = (ulong*)_ram.HostAddress(at);
            ulong entry = host is null ? 0 : Volatile.Read(ref *host);
            errorCode = 0;
            if ((entry & PageTableEntry.Present) == 0)
                return false;
            path.Add(host, at, entry);
            bool leaf = level == 1 || (level <= 3 && (entry & PageTableEntry.PageSize) != 0);
            if ((entry & ReservedBits(level, leaf, noExecute)) != 0)
            {
                errorCode = PageFaultCode.Protection | PageFaultCode.Reserved;
                return false;
            }

            if (leaf)
            {
                path.Finish(entry, entry & PageTableEntry.Address & ~((1UL << shift) - 1), shift);
                return true;
            }

            table = entry & PageTableEntry.Address;
        }
    }

    /// <summary>A PDPTE carries no rights, no accessed bit, and more reserved bits than the levels below it.</summary>
    private bool TryDescendPae(ulong linear, ref WalkPath path, out uint errorCode)
    {
        ulong at = (_state->Cr3 & 0xFFFF_FFE0) + (((linear >> 30) & 3) * 8);
        ulong* host = (ulong*)_ram.HostAddress(at);
        ulong entry = host is null ? 0 : *host;
        errorCode = 0;
        if ((entry & PageTableEntry.Present) == 0)
            return false;
        if ((entry & PaePointerReserved) != 0)
        {
            errorCode = PageFaultCode.Protection | PageFaultCode.Reserved;
            return false;
        }

        return TryDescend(linear, entry & PageTableEntry.Address, 2, ref path, out errorCode);
    }

    /// <summary>Bits 1–2, 5–8 and everything above the physical width (Intel SDM Vol. 3, table 4-8).</summary>
    internal const ulong PaePointerReserved = 0x1E6UL | ~((1UL << CpuModel.PhysicalAddressBits) - 1);

    private ulong ReservedBits(int level, bool leaf, bool noExecute)
    {
        ulong reserved = PageTableEntry.BeyondWidth;
        if (!noExecute)
            reserved |= PageTableEntry.NoExecute;
        if ((_state->Efer & ControlRegister.EferLongModeActive) == 0)
            reserved |= 0x7FF0_0000_0000_0000;
        if (level == 4)
            reserved |= PageTableEntry.PageSize;
        if (leaf && level > 1)
            reserved |= level == 2 ? 0x1F_E000UL : 0x3FFF_E000UL;
        return reserved;
    }

    /// <summary>Two levels of 4-byte entries; 4 MiB pages with PSE-36 (table 4-4).</summary>
    private bool TryDescend32(ulong linear, ref WalkPath path, out uint errorCode)
    {
        ulong at = (_state->Cr3 & 0xFFFF_F000) + (((linear >> 22) & 1023) * 4);
        uint* host = (uint*)_ram.HostAddress(at);
        ulong entry = host is null ? 0 : Volatile.Read(ref *host);
        errorCode = 0;
        if ((entry & PageTableEntry.Present) == 0)
            return false;
        path.Add(host, at, entry);
        if ((entry & PageTableEntry.PageSize) != 0 && (_state->Cr4 & ControlRegister.Cr4PageSizeExtension) != 0)
        {
            if ((entry & (1 << 21)) != 0)
            {
                errorCode = PageFaultCode.Protection | PageFaultCode.Reserved;
                return false;
            }

            path.Finish(entry, (entry & 0xFFC0_0000) | ((entry & 0x1F_E000) << 19), 22);
            return true;
        }

        at = (entry & 0xFFFF_F000) + (((linear >> 12) & 1023) * 4);
        host = (uint*)_ram.HostAddress(at);
        entry = host is null ? 0 : Volatile.Read(ref *host);
        if ((entry & PageTableEntry.Present) == 0)
            return false;
        path.Add(host, at, entry);
        path.Finish(entry, entry & 0xFFFF_F000, 12);
        return true;
    }

    private void Describe(ulong linear, int tlbMode, in WalkPath path, out PageTranslation translation)
    {
        bool user = tlbMode == TlbMode.User;
        bool userPage = (path.Rights & PageTableEntry.User) != 0;
        bool writable = (path.Rights & PageTableEntry.Writable) != 0;
        bool fetchable = !path.NoExecute && (user || !userPage || (_state->Cr4 & ControlRegister.Cr4Smep) == 0);
        translation = new PageTranslation
        {
            Physical = path.Physical | (linear & ((1UL << path.Shift) - 1) & ~0xFFFUL),
            Writable = writable || (!user && (_state->Cr0 & ControlRegister.Cr0WriteProtect) == 0),
            Executable = fetchable,
            UserPage = userPage,
            Dirty = (path.Leaf & PageTableEntry.Dirty) != 0,
            Global = (path.Leaf & PageTableEntry.Global) != 0 && (_state->Cr4 & ControlRegister.Cr4GlobalPages) != 0,
            Scale = path.Shift switch { 12 => PageScale.Page4K, 21 => PageScale.Page2M, 22 => PageScale.Page4M, _ => PageScale.Page1G },
        };
    }

    /// <summary>Intel SDM Vol. 3, section 4.6.1.</summary>
    private static bool Allows(MemoryAccess access, int tlbMode, in PageTranslation translation)
    {
        if (tlbMode == TlbMode.User && !translation.UserPage)
            return false;
        if (access == MemoryAccess.Execute)
            return translation.Executable;
        if (tlbMode == TlbMode.GuardedSupervisor && translation.UserPage)
            return false;
        return access == MemoryAccess.Read || translation.Writable;
    }

    /// <summary>Sets the accessed bits on the path, and the dirty bit of its leaf.</summary>
    /// <returns>False when another processor changed an entry meanwhile: what the walk saw no longer holds.</returns>
    private bool TryMark(ref WalkPath path, bool markDirty)
    {
        bool wide = (_state->Cr4 & ControlRegister.Cr4Pae) != 0;
        for (int i = 0; i < path.Length; i++)
        {
            ref WalkEntry entry = ref path[i];
            ulong wanted = entry.Value | PageTableEntry.Accessed;
            if (markDirty && i == path.Length - 1)
                wanted |= PageTableEntry.Dirty;
            if (wanted == entry.Value || _ram.IsProtected(entry.Physical))
                continue;

            _ram.KeepBeforeWrite(entry.Physical);

            // SAFETY: the pointer was made by GuestRam for an entry that is naturally aligned within its page.
            bool unchanged = wide
                ? Interlocked.CompareExchange(ref *(ulong*)entry.Host, wanted, entry.Value) == entry.Value
                : Interlocked.CompareExchange(ref *(uint*)entry.Host, (uint)wanted, (uint)entry.Value) == (uint)entry.Value;
            if (!unchanged)
                return false;
            _ram.NoteWrite(entry.Physical, wide ? 8 : 4);
        }

        return true;
    }

    private uint AccessCode(MemoryAccess access, int tlbMode)
    {
        uint code = tlbMode == TlbMode.User ? PageFaultCode.User : 0;
        if (access == MemoryAccess.Write)
            return code | PageFaultCode.Write;
        if (access != MemoryAccess.Execute)
            return code;
        bool noExecute = (_state->Efer & ControlRegister.EferNoExecute) != 0 && (_state->Cr4 & ControlRegister.Cr4Pae) != 0;
        return noExecute || (_state->Cr4 & ControlRegister.Cr4Smep) != 0 ? code | PageFaultCode.Fetch : code;
    }

    private enum WalkStep
    {
        Found,
        Fault,
        Restart,
    }
}
