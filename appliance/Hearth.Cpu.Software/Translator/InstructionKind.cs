namespace Hearth.Cpu.Software;

/// <summary>How the translator treats an instruction.</summary>
internal enum InstructionKind : byte
{
    Unknown,

    /// <summary>Emitted as itself.</summary>
    Native,

    /// <summary>Left to the interpreter; ends the block.</summary>
    Interpret,

    /// <summary>Not an instruction of this CPU model: #UD.</summary>
    Invalid,

    /// <summary>Does nothing, whatever its operand.</summary>
    Nop,
    Lea,

    /// <summary>MOV of a selector into a general register.</summary>
    MoveSelector,

    /// <summary>BT, BTS, BTR, BTC with a memory operand and a bit number in a register, which reaches beyond the operand.</summary>
    BitString,
    Push,
    Pop,
    PushFlags,
    PopFlags,
    Leave,

    /// <summary>One element of MOVS, STOS, LODS, SCAS, CMPS.</summary>
    String,

    /// <summary>The same with a REP prefix; ends the block.</summary>
    RepeatedString,
    ClearInterrupt,
    SetInterrupt,
    ClearDirection,
    SetDirection,
    Jump,
    JumpConditional,

    /// <summary>JCXZ, LOOP, LOOPE, LOOPNE.</summary>
    JumpCounter,
    JumpIndirect,
    Call,
    CallIndirect,
    Return,

    // ---- from here on what SystemEmitter translates ----

    /// <summary>RDFSBASE, RDGSBASE.</summary>
    ReadBase,

    /// <summary>WRFSBASE, WRGSBASE.</summary>
    WriteBase,
    SwapBase,

    /// <summary>MOV from a control register.</summary>
    ReadControl,
    ReadTimestamp,

    /// <summary>STAC, CLAC.</summary>
    ChangeAlignmentCheck,

    /// <summary>SYSCALL, SYSRETQ, IRETQ.</summary>
    Transition,
}

/// <summary>The register file an instruction needs, which the operating system may have switched off.</summary>
internal enum InstructionUnit : byte
{
    Integer,
    X87,
    Sse,
    Avx,
}
