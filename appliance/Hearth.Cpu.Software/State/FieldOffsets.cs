using System.Runtime.InteropServices;

namespace Hearth.Cpu.Software;

/// <summary>The offsets of the fields that generated code names, taken from the layout itself.</summary>
internal static class FieldOffsets
{
    public static readonly int Rip = Of(nameof(VcpuState.Rip));
    public static readonly int PageRip = Of(nameof(VcpuState.PageRip));
    public static readonly int Kick = Of(nameof(VcpuState.Kick));
    public static readonly int InterruptEnable = Of(nameof(VcpuState.InterruptEnable));
    public static readonly int Direction = Of(nameof(VcpuState.Direction));
    public static readonly int ArithmeticFlags = Of(nameof(VcpuState.ArithmeticFlags));
    public static readonly int SystemFlags = Of(nameof(VcpuState.SystemFlags));
    public static readonly int ResumeAddress = Of(nameof(VcpuState.ResumeAddress));
    public static readonly int AccessAddress = Of(nameof(VcpuState.AccessAddress));
    public static readonly int AccessAddend = Of(nameof(VcpuState.AccessAddend));
    public static readonly int ModeSalt = Of(nameof(VcpuState.ModeSalt));
    public static readonly int SegmentBase = Of(nameof(VcpuState.SegmentBase));
    public static readonly int SegmentSelector = Of(nameof(VcpuState.SegmentSelector));
    public static readonly int Mxcsr = Of(nameof(VcpuState.Mxcsr));
    public static readonly int HostMxcsr = Of(nameof(VcpuState.HostMxcsr));
    public static readonly int ExitReason = Of(nameof(VcpuState.ExitReason));
    public static readonly int ExitDetail = Of(nameof(VcpuState.ExitDetail));
    public static readonly int HostStack = Of(nameof(VcpuState.HostStack));
    public static readonly int HostSignal = Of(nameof(VcpuState.HostSignal));
    public static readonly int HostSignalCode = Of(nameof(VcpuState.HostSignalCode));
    public static readonly int FaultAddress = Of(nameof(VcpuState.FaultAddress));
    public static readonly int TlbIndexMask = Of(nameof(VcpuState.TlbIndexMask));
    public static readonly int TlbPageMask = Of(nameof(VcpuState.TlbPageMask));
    public static readonly int JumpCacheMask = Of(nameof(VcpuState.JumpCacheMask));
    public static readonly int ArithmeticFlagsMask = Of(nameof(VcpuState.ArithmeticFlagsMask));
    public static readonly int CanonicalMask = Of(nameof(VcpuState.CanonicalMask));
    public static readonly int SegmentLimit = Of(nameof(VcpuState.SegmentLimit));
    public static readonly int Scratch = Of(nameof(VcpuState.Scratch));
    public static readonly int Transitions = Of(nameof(VcpuState.Transitions));
    public static readonly int TimeStampDisableMask = Of(nameof(VcpuState.TimeStampDisableMask));
    public static readonly int SmapMask = Of(nameof(VcpuState.SmapMask));
    public static readonly int AlignmentCheckMask = Of(nameof(VcpuState.AlignmentCheckMask));
    public static readonly int Cpl = Of(nameof(VcpuState.Cpl));
    public static readonly int NmiBlocked = Of(nameof(VcpuState.NmiBlocked));
    public static readonly int InterruptWaiting = Of(nameof(VcpuState.InterruptWaiting));
    public static readonly int Star = Of(nameof(VcpuState.Star));
    public static readonly int Lstar = Of(nameof(VcpuState.Lstar));
    public static readonly int SyscallMask = Of(nameof(VcpuState.SyscallMask));
    public static readonly int KernelGsBase = Of(nameof(VcpuState.KernelGsBase));
    public static readonly int TscOffset = Of(nameof(VcpuState.TscOffset));
    public static readonly int TscAux = Of(nameof(VcpuState.TscAux));
    public static readonly int GdtrBase = Of(nameof(VcpuState.GdtrBase));
    public static readonly int GdtrLimit = Of(nameof(VcpuState.GdtrLimit));
    public static readonly int SegmentAttributes = Of(nameof(VcpuState.SegmentAttributes));
    public static readonly int TlbFills = Of(nameof(VcpuState.TlbFills));
    public static readonly int JumpFills = Of(nameof(VcpuState.JumpFills));
    public static readonly int DirectWanted = Of(nameof(VcpuState.DirectWanted));
    public static readonly int Mode = Of(nameof(VcpuState.Mode));
    public static readonly int Cr0 = Of(nameof(VcpuState.Cr0));
    public static readonly int Cr2 = Of(nameof(VcpuState.Cr2));
    public static readonly int Cr3 = Of(nameof(VcpuState.Cr3));
    public static readonly int Cr4 = Of(nameof(VcpuState.Cr4));
    public static readonly int Efer = Of(nameof(VcpuState.Efer));
    public static readonly int DebugRegister = Of(nameof(VcpuState.DebugRegister));
    public static readonly int RamBase = Of(nameof(VcpuState.RamBase));
    public static readonly int RamLowLength = Of(nameof(VcpuState.RamLowLength));
    public static readonly int RamHighLength = Of(nameof(VcpuState.RamHighLength));
    public static readonly int RamFlags = Of(nameof(VcpuState.RamFlags));
    public static readonly int BlockIndex = Of(nameof(VcpuState.BlockIndex));
    public static readonly int JumpPages = Of(nameof(VcpuState.JumpPages));
    public static readonly int JumpLargeRegions = Of(nameof(VcpuState.JumpLargeRegions));
    public static readonly int JumpLocalWords = Of(nameof(VcpuState.JumpLocalWords));
    public static readonly int TlbLargeRegions = Of(nameof(VcpuState.TlbLargeRegions));
    public static readonly int TlbLocal = Of(nameof(VcpuState.TlbLocal));
    public static readonly int TlbGlobal = Of(nameof(VcpuState.TlbGlobal));
    public static readonly int TlbLarge = Of(nameof(VcpuState.TlbLarge));
    public static readonly int Ymm = Of(nameof(VcpuState.Ymm));
    public static readonly int X87 = Of(nameof(VcpuState.X87));

    private static int Of(string field) => (int)Marshal.OffsetOf<VcpuState>(field);
}
