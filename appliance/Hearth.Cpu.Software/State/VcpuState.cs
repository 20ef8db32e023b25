using System.Runtime.InteropServices;

namespace Hearth.Cpu.Software;

/// <summary>
/// The state of one vCPU as generated code and the interpreter share it, in native memory, page-aligned.
/// R15 points <see cref="Bias"/> bytes into it, so that everything hot is in reach of an 8-bit displacement.
/// </summary>
/// <remarks>
/// At every instruction boundary that C# sees, this block holds the whole architectural state except x87 and MMX, which
/// stay in the host's registers while <see cref="X87Loaded"/> is set. While generated code runs, the general registers,
/// vectors, arithmetic flags and MXCSR live in host registers (see <c>RegisterMap</c>) and the fields here are stale.
/// Only <see cref="Kick"/> is written by other threads.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal unsafe struct VcpuState
{
    /// <summary>What R15 points past the start of this block: from R11 to the first entry of the soft TLB all is in reach of an 8-bit displacement.</summary>
    public const int Bias = (11 * sizeof(ulong)) + 128;

    public const int TlbEntries = 1024;
    public const int TlbBytesPerMode = TlbEntries * TlbEntry.Size;

    /// <summary>The entries that generated code looks at. More than <see cref="ModeNumbers.Maximum"/>, so that an index and a tag belong to one mode.</summary>
    public const int JumpCacheFirstEntries = 16384;

    /// <summary>With as many again, where those are found that lost their place to another.</summary>
    public const int JumpCacheEntries = 2 * JumpCacheFirstEntries;

    public const int JumpFilterBits = 4096;

    /// <summary>So near that an entry of the first table (<see cref="TlbMode"/>) is named by three bytes less than one of the others.</summary>
    public const int TlbOffset = 256;
    public const int JumpCacheOffset = 0x2000 + Rest;
    public const int JumpLocalOffset = JumpCacheOffset + (JumpCacheEntries * 16);

    /// <summary>Where the first of two stacks begins (<see cref="Software.ReturnStack"/>), with as much room below either.</summary>
    public const int ReturnStackOffset = (JumpLocalOffset + (JumpCacheEntries / 8) + ReturnRoom + Software.ReturnStack.Length - 1) & -Software.ReturnStack.Length;
    public const int ReturnRoom = 0x2_0000;
    public const int Size = ReturnStackOffset + (2 * Software.ReturnStack.Length) + ReturnRoom;

    /// <summary>Words of each of the three bitmaps of TLB slots, a bit a slot and mode.</summary>
    public const int TlbBitmapWords = 3 * TlbEntries / 64;

    /// <summary>The soft TLB lies between the fields before <see cref="TlbOffset"/> and those behind.</summary>
    private const int Rest = 3 * TlbBytesPerMode;

    // ---- within 8-bit displacement of R15 ----

    /// <summary>RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8–R15; only the last five are named by generated code.</summary>
    [FieldOffset(0)] public fixed ulong Gpr[16];

    /// <summary>For PDEP: the offset of an entry of the soft TLB, by the low bits of a page number.</summary>
    [FieldOffset(128)] public ulong TlbOffsetMask;

    /// <summary>For PEXT: the bits of an address that are its page number.</summary>
    [FieldOffset(176)] public ulong TlbPageMask;

    /// <summary>For PDEP: the offset of an entry of the jump cache, by the low bits of the sum that selects it.</summary>
    [FieldOffset(184)] public ulong JumpCacheMask;

    /// <summary>The instruction pointer that belongs to byte 0 of the page whose translated code runs now.</summary>
    [FieldOffset(136)] public ulong PageRip;

    /// <summary>Non-zero: leave generated code at the next back-edge, return or indirect jump. Written by any thread.</summary>
    [FieldOffset(144)] public uint Kick;

    /// <summary>Non-zero: an interrupt waits for IF (or for the end of the shadow); looked at when IF becomes set.</summary>
    [FieldOffset(148)] public uint InterruptWaiting;

    /// <summary>The current <see cref="ModeFlags"/>; derived state, recomputed by <c>ModeFlags.Update</c>.</summary>
    [FieldOffset(152)] public uint Mode;

    /// <summary>RFLAGS.IF as 0 or 1.</summary>
    [FieldOffset(156)] public byte InterruptEnable;

    /// <summary>RFLAGS.DF as 0 or 1.</summary>
    [FieldOffset(157)] public byte Direction;

    /// <summary>1 after STI or a load of SS until one more instruction has completed.</summary>
    [FieldOffset(158)] public byte InterruptShadow;

    /// <summary>1 while the guest's x87/MMX state lives in the host's registers.</summary>
    [FieldOffset(159)] public byte X87Loaded;

    /// <summary>CF, PF, AF, ZF, SF, OF as in RFLAGS, all other bits zero.</summary>
    [FieldOffset(160)] public ulong ArithmeticFlags;

    /// <summary>RFLAGS without the arithmetic flags, IF and DF: TF, IOPL, NT, RF, VM, AC, VIF, VIP, ID and the constant bit 1.</summary>
    [FieldOffset(168)] public ulong SystemFlags;

    /// <summary>An <see cref="ExitReason"/>.</summary>
    [FieldOffset(192)] public uint ExitReason;

    /// <summary>The access size in bytes, or a number that belongs to the reason.</summary>
    [FieldOffset(196)] public uint ExitDetail;

    /// <summary>Added to what selects an entry of the jump cache: the number of <see cref="Mode"/>.</summary>
    [FieldOffset(200)] public ulong ModeSalt;

    /// <summary>Segment bases, indexed by <see cref="SegmentName"/> (ES, CS, SS, DS, FS, GS).</summary>
    [FieldOffset(208)] public fixed ulong SegmentBase[6];

    // ---- behind the soft TLB ----

    [FieldOffset(Rest + 256)] public fixed uint SegmentLimit[8];

    /// <summary>In the form of <see cref="SegmentRegister.Attributes"/>.</summary>
    [FieldOffset(Rest + 288)] public fixed ushort SegmentAttributes[8];
    [FieldOffset(Rest + 304)] public fixed ushort SegmentSelector[8];
    [FieldOffset(Rest + 320)] public ulong LdtrBase;
    [FieldOffset(Rest + 328)] public ulong TrBase;
    [FieldOffset(Rest + 336)] public ulong GdtrBase;
    [FieldOffset(Rest + 344)] public ulong IdtrBase;
    [FieldOffset(Rest + 352)] public ushort GdtrLimit;
    [FieldOffset(Rest + 354)] public ushort IdtrLimit;

    /// <summary>Current privilege level, 0–3.</summary>
    [FieldOffset(Rest + 356)] public byte Cpl;
    [FieldOffset(Rest + 357)] public byte NmiBlocked;
    [FieldOffset(Rest + 358)] public byte Activity;
    [FieldOffset(Rest + 360)] public ulong Cr0;
    [FieldOffset(Rest + 368)] public ulong Cr2;
    [FieldOffset(Rest + 376)] public ulong Cr3;
    [FieldOffset(Rest + 384)] public ulong Cr4;
    [FieldOffset(Rest + 392)] public ulong Efer;
    [FieldOffset(Rest + 400)] public ulong Xcr0;

    /// <summary>DR0–DR3, DR6 at index 4, DR7 at index 5.</summary>
    [FieldOffset(Rest + 408)] public fixed ulong DebugRegister[6];
    [FieldOffset(Rest + 456)] public ulong Star;
    [FieldOffset(Rest + 464)] public ulong Lstar;
    [FieldOffset(Rest + 472)] public ulong Cstar;
    [FieldOffset(Rest + 480)] public ulong SyscallMask;
    [FieldOffset(Rest + 488)] public ulong KernelGsBase;
    [FieldOffset(Rest + 496)] public ulong SysenterCs;
    [FieldOffset(Rest + 504)] public ulong SysenterEsp;
    [FieldOffset(Rest + 512)] public ulong SysenterEip;
    [FieldOffset(Rest + 520)] public ulong TscAux;
    [FieldOffset(Rest + 528)] public ulong Pat;

    /// <summary>Guest TSC minus host TSC, in ticks; IA32_TSC_ADJUST is kept apart.</summary>
    [FieldOffset(Rest + 536)] public ulong TscOffset;
    [FieldOffset(Rest + 544)] public ulong TscAdjust;

    /// <summary>Guest MXCSR; loaded into the host's while generated code runs.</summary>
    [FieldOffset(Rest + 552)] public uint Mxcsr;
    [FieldOffset(Rest + 556)] public uint HostMxcsr;

    /// <summary>Instruction pointer (RIP, or EIP/IP zero-extended), exact whenever C# runs.</summary>
    [FieldOffset(Rest + 560)] public ulong Rip;

    // ---- how generated code left ----

    /// <summary>Where generated code is entered or resumed.</summary>
    [FieldOffset(Rest + 600)] public ulong ResumeAddress;

    /// <summary>The linear address of the access a slow path was called for (the value of R14).</summary>
    [FieldOffset(Rest + 608)] public ulong AccessAddress;

    /// <summary>What slow path resumes with in R12: host address minus linear address.</summary>
    [FieldOffset(Rest + 616)] public ulong AccessAddend;

    /// <summary>Host RSP to come back to C# with.</summary>
    [FieldOffset(Rest + 568)] public ulong HostStack;

    /// <summary>The signal and its code, for <see cref="ExitReason"/> HostFault; the address is in <see cref="AccessAddress"/>.</summary>
    [FieldOffset(Rest + 576)] public uint HostSignal;
    [FieldOffset(Rest + 580)] public uint HostSignalCode;

    // ---- an exception that waits to be delivered, set by whoever found it ----

    /// <summary>1 when the four fields below hold a fault that the instruction at <see cref="Rip"/> raised.</summary>
    [FieldOffset(Rest + 584)] public byte FaultPending;
    [FieldOffset(Rest + 585)] public byte FaultVector;
    [FieldOffset(Rest + 586)] public byte FaultHasErrorCode;
    [FieldOffset(Rest + 588)] public uint FaultErrorCode;

    /// <summary>The linear address for #PF (goes to CR2 on delivery), or the DR6 bits for #DB.</summary>
    [FieldOffset(Rest + 592)] public ulong FaultAddress;

    /// <summary>0x8D5: the positions of the arithmetic flags in RFLAGS: CF 0, PF 2, AF 4, ZF 6, SF 7, OF 11.</summary>
    [FieldOffset(Rest + 624)] public ulong ArithmeticFlagsMask;

    /// <summary>A value that survives from one access of an instruction to its next (PUSH and POP of memory).</summary>
    [FieldOffset(Rest + 632)] public ulong Scratch;

    /// <summary>The bits of an address that are equal in a canonical one: 47 to 63.</summary>
    [FieldOffset(Rest + 640)] public ulong CanonicalMask;

    // ---- guest RAM as the machine code of TLB misses needs it: see GuestRam ----

    /// <summary>The host address of guest-physical 0.</summary>
    [FieldOffset(Rest + 648)] public ulong RamBase;

    /// <summary>Bytes of RAM from guest-physical 0, the video hole included.</summary>
    [FieldOffset(Rest + 656)] public ulong RamLowLength;

    /// <summary>Bytes of RAM from 4 GiB; in the host's memory they follow the low ones.</summary>
    [FieldOffset(Rest + 664)] public ulong RamHighLength;

    /// <summary>The host address of the flags byte of page 0.</summary>
    [FieldOffset(Rest + 672)] public ulong RamFlags;

    /// <summary>The host address of the <see cref="BlockIndex"/>.</summary>
    [FieldOffset(Rest + 680)] public ulong BlockIndex;

    /// <summary>RSP while generated code runs; here whenever C# runs.</summary>
    [FieldOffset(Rest + 688)] public ulong ReturnStack;

    /// <summary>One bit for each GiB of linear addresses, modulo 64, that the soft TLB has pieces of large pages of.</summary>
    [FieldOffset(Rest + 696)] public ulong TlbLargeRegions;

    // ---- masks of one bit, for PEXT ----

    /// <summary>CR4.TSD.</summary>
    [FieldOffset(Rest + 704)] public ulong TimeStampDisableMask;

    /// <summary>CR4.SMAP.</summary>
    [FieldOffset(Rest + 712)] public ulong SmapMask;

    /// <summary>RFLAGS.AC.</summary>
    [FieldOffset(Rest + 720)] public ulong AlignmentCheckMask;

    /// <summary>How often <see cref="TlbMissStub"/> filled an entry of the soft TLB.</summary>
    [FieldOffset(Rest + 728)] public ulong TlbFills;

    /// <summary>How often <see cref="JumpMissStub"/> filled an entry of the jump cache.</summary>
    [FieldOffset(Rest + 736)] public ulong JumpFills;

    /// <summary>Non-zero: returns to level 3 go to C#, which hands user code to the <see cref="DirectTier"/>.</summary>
    [FieldOffset(Rest + 744)] public byte DirectWanted;

    /// <summary>RSP for the mode that STAC or CLAC leads to.</summary>
    [FieldOffset(Rest + 752)] public ulong OtherReturnStack;

    /// <summary>RSP of an empty return stack, the first one.</summary>
    [FieldOffset(Rest + 760)] public ulong ReturnTop;

    /// <summary>YMM0–YMM15, 32 bytes each, valid whenever C# runs.</summary>
    [FieldOffset(Rest + 768)] public fixed byte Ymm[16 * 32];

    /// <summary>The FXSAVE64 image of x87/MMX, valid while <see cref="X87Loaded"/> is clear.</summary>
    [FieldOffset(Rest + 1280)] public fixed byte X87[512];

    /// <summary>
    /// Where an access lands that generated code cannot make directly (device registers, page crossings). The access keeps
    /// its offset modulo 64, so that alignment faults stay the same; 64 bytes of room follow the largest start.
    /// </summary>
    [FieldOffset(Rest + 1792)] public fixed byte Bounce[128];

    /// <summary>Model-specific registers without a meaning for the engine: MTRRs and such, kept as written.</summary>
    [FieldOffset(Rest + 1920)] public fixed ulong PlainMsrs[64];

    /// <summary>The soft TLB's occupied slots that a load of CR3 empties.</summary>
    [FieldOffset(Rest + 2432)] public fixed ulong TlbLocal[TlbBitmapWords];

    /// <summary>The soft TLB's occupied slots of global pages.</summary>
    [FieldOffset(Rest + 2816)] public fixed ulong TlbGlobal[TlbBitmapWords];

    /// <summary>The soft TLB's slots that are a piece of a large page.</summary>
    [FieldOffset(Rest + 3200)] public fixed ulong TlbLarge[TlbBitmapWords];

    /// <summary>A bit for each word of the bitmap at <see cref="JumpLocalOffset"/> that has a bit set.</summary>
    [FieldOffset(Rest + 3584)] public fixed ulong JumpLocalWords[JumpCacheEntries / 64 / 64];

    /// <summary>A bit for each page number, modulo <see cref="JumpFilterBits"/>, that the jump cache has blocks of.</summary>
    [FieldOffset(Rest + 5120)] public fixed ulong JumpPages[JumpFilterBits / 64];

    /// <summary>A bit for each GiB of linear addresses, modulo <see cref="JumpFilterBits"/>, that it has blocks of in large pages.</summary>
    [FieldOffset(Rest + 5632)] public fixed ulong JumpLargeRegions[JumpFilterBits / 64];

    /// <summary>A <see cref="Transition"/> for each <see cref="TransitionKind"/>.</summary>
    [FieldOffset(Rest + 4096)] public fixed byte Transitions[Transition.Count * Transition.Size];
}
