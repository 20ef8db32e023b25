using Hearth.Cpu;
using Hearth.Memory;

namespace Hearth.Vm.Boot;

/// <summary>
/// The memory types (MTRRs) that firmware leaves behind: RAM write-back, the video memory's window and everything between RAM
/// and 4 GiB uncached (Intel SDM Vol. 3, section 12.11).
/// </summary>
/// <remarks>They must be the same on every processor (section 12.11.8); kernels complain of one that differs.</remarks>
internal static class MemoryTypes
{
    private const ulong Uncached = 0x00;
    private const ulong WriteBack = 0x06;
    private const ulong EightUncached = 0;
    private const ulong EightWriteBack = 0x0606_0606_0606_0606;

    private const ulong FixedRangesEnabled = 1 << 10;
    private const ulong Enabled = 1 << 11;
    private const ulong Valid = 1 << 11;

    // Variable ranges are aligned powers of two: from the end of low RAM to 4 GiB is one.
    private const ulong FourGiB = 0x1_0000_0000;
    private const ulong HoleMask = ((1UL << CpuModel.PhysicalAddressBits) - 1) & ~(FourGiB - GuestRam.LowEnd - 1);

    /// <summary>Sets them in the state of one processor; all it had before is gone.</summary>
    public static void Apply(CpuState state)
    {
        SortedDictionary<uint, ulong> msrs = state.Msrs;
        for (uint i = 0; i < 2 * Msr.VariableRanges; i++)
            msrs[Msr.MtrrPhysBase0 + i] = 0;
        msrs[Msr.MtrrPhysBase0] = GuestRam.LowEnd | Uncached;
        msrs[Msr.MtrrPhysBase0 + 1] = HoleMask | Valid;

        msrs[Msr.MtrrFix64K] = EightWriteBack;
        msrs[Msr.MtrrFix16KLow] = EightWriteBack;
        msrs[Msr.MtrrFix16KHigh] = EightUncached; // A0000–BFFFF

        // C0000–FFFFF holds tables in RAM and no ROM, so nothing needs write protection.
        for (uint msr = Msr.MtrrFix4KFirst; msr <= Msr.MtrrFix4KLast; msr++)
            msrs[msr] = EightWriteBack;
        msrs[Msr.MtrrDefType] = Enabled | FixedRangesEnabled | WriteBack;
    }
}
