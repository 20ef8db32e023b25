namespace Hearth.Cpu.Software;

/// <summary>
/// Everything besides the bytes that decides how code is translated. Part of the key of a block: code is only ever run in
/// the mode it was translated for.
/// </summary>
[Flags]
internal enum ModeFlags : uint
{
    None = 0,

    /// <summary>64-bit code: EFER.LMA and CS.L.</summary>
    Long = 1 << 0,

    /// <summary>CS.D: 32-bit default operand and address size (never with <see cref="Long"/>).</summary>
    Code32 = 1 << 1,

    /// <summary>SS.B: the stack pointer is ESP (never looked at in 64-bit code).</summary>
    Stack32 = 1 << 2,

    /// <summary>CR0.PE.</summary>
    Protected = 1 << 3,

    /// <summary>RFLAGS.VM.</summary>
    Virtual8086 = 1 << 4,

    /// <summary>CPL 3.</summary>
    User = 1 << 5,

    /// <summary>CR4.SMAP is set and RFLAGS.AC is clear at CPL below 3: user pages are out of reach for data.</summary>
    Smap = 1 << 6,

    /// <summary>x87 and MMX may run natively: CR0.EM and CR0.TS clear.</summary>
    X87Usable = 1 << 7,

    /// <summary>SSE may run natively: CR0.EM and CR0.TS clear, CR4.OSFXSR set.</summary>
    SseUsable = 1 << 8,

    /// <summary>AVX may run natively: CR0.TS clear, CR4.OSXSAVE set, XCR0 has SSE and AVX, protected mode.</summary>
    AvxUsable = 1 << 9,

    /// <summary>One instruction a block, through the interpreter's bookkeeping: TF, a code breakpoint, or RF.</summary>
    SingleStep = 1 << 10,

    /// <summary>CR0.AM, RFLAGS.AC and CPL 3: every misaligned data access is #AC.</summary>
    AlignmentCheck = 1 << 11,

    /// <summary>FSGSBASE instructions are allowed (CR4.FSGSBASE).</summary>
    FsGsBase = 1 << 12,

    /// <summary>CLI, STI, PUSHF and POPF need no privilege check: CPL is at most IOPL, and not virtual-8086.</summary>
    IoPrivileged = 1 << 13,

    // Outside 64-bit code, two bits a segment in the order ES, CS, SS, DS, FS, GS.

    /// <summary>ES has a base other than 0; shift left by the <see cref="SegmentName"/> for the others.</summary>
    EsBase = 1 << 16,

    /// <summary>ES needs its limit or access rights checked on each access; shift left by the <see cref="SegmentName"/>.</summary>
    EsChecked = 1 << 22,
}
