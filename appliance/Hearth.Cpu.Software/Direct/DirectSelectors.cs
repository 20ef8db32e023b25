using Hearth.Linux;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>
/// Keeps loads of segment registers in a process for user code true to the guest: there they read the host's descriptor table, so user code runs
/// directly only where the guest's has the same descriptors for level 3, and what it loaded is loaded from the guest's when it is given back.
/// </summary>
/// <remarks>
/// Linux has had the same three flat descriptors at 0x20 to 0x37 since x86-64 began. A selector that is good for the guest and not for the host (its
/// TLS descriptors, its local table) faults in the process, and is then loaded by translated code.
/// </remarks>
internal sealed unsafe class DirectSelectors(VcpuState* state, GuestRam ram, Mmu mmu)
{
    /// <summary>What 64-bit user code has for CS.</summary>
    public const ushort Code = 0x33;

    /// <summary>What it has for SS, and may have for the others.</summary>
    public const ushort Data = 0x2B;

    private const int FirstDescriptor = 0x20;
    private const ulong Accessed = 1UL << 40;

    // 32-bit code, data and 64-bit code, flat, of level 3 (Intel SDM Vol. 3, section 3.4.5).
    private static ReadOnlySpan<ulong> Descriptors => [0x00CF_FB00_0000_FFFF, 0x00CF_F300_0000_FFFF, 0x00AF_FB00_0000_FFFF];

    /// <summary>The selectors as they are now can be given to a process, and what it loads means the same there.</summary>
    public bool CanCarry
    {
        get
        {
            ushort* selectors = state->SegmentSelector;
            return selectors[(int)SegmentName.CS] == Code && selectors[(int)SegmentName.SS] == Data &&
                CanBe(selectors[(int)SegmentName.DS]) && CanBe(selectors[(int)SegmentName.ES]) &&
                CanBe(selectors[(int)SegmentName.FS]) && CanBe(selectors[(int)SegmentName.GS]) && HasHostDescriptors();
        }
    }

    public void Load(ref TracedRegisters registers)
    {
        ushort* selectors = state->SegmentSelector;
        (registers.Cs, registers.Ss) = (Code, Data);
        (registers.Ds, registers.Es) = (selectors[(int)SegmentName.DS], selectors[(int)SegmentName.ES]);
        (registers.Fs, registers.Gs) = (selectors[(int)SegmentName.FS], selectors[(int)SegmentName.GS]);
        (registers.FsBase, registers.GsBase) = (state->SegmentBase[(int)SegmentName.FS], state->SegmentBase[(int)SegmentName.GS]);
    }

    public void Store(in TracedRegisters registers)
    {
        ushort* selectors = state->SegmentSelector;
        bool changed = Store(SegmentName.DS, registers.Ds) | Store(SegmentName.ES, registers.Es) | Store(SegmentName.FS, registers.Fs) |
            Store(SegmentName.GS, registers.Gs) | Store(SegmentName.SS, registers.Ss) | Store(SegmentName.CS, registers.Cs);
        (state->SegmentBase[(int)SegmentName.FS], state->SegmentBase[(int)SegmentName.GS]) = (registers.FsBase, registers.GsBase);
        if (changed)
            ModeState.Update(state);
    }

    private bool Store(SegmentName name, ulong selector)
    {
        if (state->SegmentSelector[(int)name] == (ushort)selector)
            return false;
        if (DescriptorTables.IsNull((ushort)selector))
            SegmentLoader.SetNull(state, name, (ushort)selector);
        else if (Locate((ushort)selector & ~7U, 1) is var descriptor && descriptor is not null)
            Segments.Set(state, name, new Descriptor(*descriptor).ToSegment((int)selector));
        return true;
    }

    private bool HasHostDescriptors()
    {
        ulong* table = Locate(FirstDescriptor, Descriptors.Length);
        if (table is null)
            return false;
        for (int i = 0; i < Descriptors.Length; i++)
        {
            if (((table[i] ^ Descriptors[i]) & ~Accessed) != 0)
                return false;
        }

        return true;
    }

    /// <summary>Where descriptors of the guest's table lie in the host's memory; null when they cross a page, or are not there.</summary>
    private ulong* Locate(uint offset, int count)
    {
        ulong linear = state->GdtrBase + offset;
        uint length = (uint)count * sizeof(ulong);
        if (offset + length - 1 > state->GdtrLimit || (linear & 0xFFF) + length > GuestRam.PageSize || !mmu.TryWalk(linear, MemoryAccess.Read, TlbMode.Supervisor, out PageTranslation page))
            return null;
        return (ulong*)ram.HostAddress(page.Physical | (linear & 0xFFF));
    }

    private static bool CanBe(ushort selector) => selector is 0 or Data;
}
