using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>A decoded string instruction (Intel SDM Vol. 1, section 7.3.9).</summary>
internal readonly unsafe struct StringOperation
{
    public StringOperation(VcpuState* state, in Instruction instruction)
    {
        (Kind, ElementSize) = Decode(instruction.Code);
        AddressSize = AddressSizeOf(instruction);
        AddressMask = OperandAccess.Mask(AddressSize);
        Descends = state->Direction != 0;
        Repeats = instruction.HasRepPrefix || instruction.HasRepnePrefix;
        ContinuesOnZero = instruction.HasRepPrefix;
        Source = Kind is StringKind.Move or StringKind.Load or StringKind.Compare or StringKind.Output
            ? EffectiveAddress.Segment(state, instruction)
            : SegmentName.DS;
    }

    public StringKind Kind { get; }

    /// <summary>Bytes: 1, 2, 4 or 8.</summary>
    public int ElementSize { get; }

    /// <summary>Bytes of RSI, RDI and RCX that count: 2, 4 or 8.</summary>
    public int AddressSize { get; }

    public ulong AddressMask { get; }

    /// <summary>DF is set.</summary>
    public bool Descends { get; }

    /// <summary>Any REP prefix.</summary>
    public bool Repeats { get; }

    /// <summary>REPE, for SCAS and CMPS: go on while ZF is set; else REPNE.</summary>
    public bool ContinuesOnZero { get; }

    /// <summary>The segment of the operand at RSI; the one at RDI is always in ES.</summary>
    public SegmentName Source { get; }

    /// <summary>SCAS and CMPS end a repetition by a flag, too.</summary>
    public bool Compares => Kind is StringKind.Scan or StringKind.Compare;

    /// <summary>What an opcode does, and the bytes of an element.</summary>
    public static (StringKind Kind, int Size) Decode(Code code) => code switch
    {
        Code.Movsb_m8_m8 => (StringKind.Move, 1),
        Code.Movsw_m16_m16 => (StringKind.Move, 2),
        Code.Movsd_m32_m32 => (StringKind.Move, 4),
        Code.Movsq_m64_m64 => (StringKind.Move, 8),
        Code.Stosb_m8_AL => (StringKind.Store, 1),
        Code.Stosw_m16_AX => (StringKind.Store, 2),
        Code.Stosd_m32_EAX => (StringKind.Store, 4),
        Code.Stosq_m64_RAX => (StringKind.Store, 8),
        Code.Lodsb_AL_m8 => (StringKind.Load, 1),
        Code.Lodsw_AX_m16 => (StringKind.Load, 2),
        Code.Lodsd_EAX_m32 => (StringKind.Load, 4),
        Code.Lodsq_RAX_m64 => (StringKind.Load, 8),
        Code.Scasb_AL_m8 => (StringKind.Scan, 1),
        Code.Scasw_AX_m16 => (StringKind.Scan, 2),
        Code.Scasd_EAX_m32 => (StringKind.Scan, 4),
        Code.Scasq_RAX_m64 => (StringKind.Scan, 8),
        Code.Cmpsb_m8_m8 => (StringKind.Compare, 1),
        Code.Cmpsw_m16_m16 => (StringKind.Compare, 2),
        Code.Cmpsd_m32_m32 => (StringKind.Compare, 4),
        Code.Cmpsq_m64_m64 => (StringKind.Compare, 8),
        Code.Insb_m8_DX => (StringKind.Input, 1),
        Code.Insw_m16_DX => (StringKind.Input, 2),
        Code.Insd_m32_DX => (StringKind.Input, 4),
        Code.Outsb_DX_m8 => (StringKind.Output, 1),
        Code.Outsw_DX_m16 => (StringKind.Output, 2),
        _ => (StringKind.Output, 4),
    };

    /// <inheritdoc cref="AddressSize"/>
    public static int AddressSizeOf(in Instruction instruction) =>
        SizeOf(IsMemory(instruction.Op0Kind) ? instruction.Op0Kind : instruction.Op1Kind);

    private static bool IsMemory(OpKind kind) => kind is >= OpKind.MemorySegSI and <= OpKind.MemoryESRDI;

    private static int SizeOf(OpKind memory) => memory switch
    {
        OpKind.MemorySegSI or OpKind.MemoryESDI => 2,
        OpKind.MemorySegESI or OpKind.MemoryESEDI => 4,
        _ => 8,
    };
}
