using Iced.Intel;

namespace Hearth.Cpu.Software.Tests.Translator;

/// <summary>
/// What of an instruction could raise an exception on the processor that executes it though its memory is within reach (Intel SDM Vol. 2, the tables of exceptions). Judged by encoding,
/// operands and privilege, and not by the instruction set it came with, which is what <see cref="InstructionClassifier"/> goes by.
/// </summary>
internal static class HostFaults
{
    private const uint FirstX87Opcode = 0xD8;
    private const uint LastX87Opcode = 0xDF;
    private const uint WaitOpcode = 0x9B;
    private const uint FemmsOpcode = 0x0E;
    private const uint EmmsOpcode = 0x77;

    /// <summary>Bytes from which on processors may want an operand aligned.</summary>
    private const int SmallestAligned = 16;

    /// <summary>The registers that operands stand for, by the beginnings of the names of their kinds; all others are general registers, memory or numbers.</summary>
    private static readonly (string Kind, Register Register)[] s_registers =
    [
        ("mm_", Register.MM0), ("xmm", Register.XMM1), ("ymm", Register.YMM1), ("zmm", Register.ZMM1), ("tmm", Register.TMM1), ("k_", Register.K1), ("kp1_", Register.K2),
        ("bnd_", Register.BND0), ("st0", Register.ST0), ("sti_", Register.ST1), ("cr_", Register.CR0), ("dr_", Register.DR0), ("tr_", Register.TR3), ("seg_reg", Register.ES),
    ];

    private static readonly InstructionInfoFactory s_factory = new();

    /// <summary>The instructions of an opcode as far as they are treated differently: its operands in registers, and one of them in memory.</summary>
    public static IEnumerable<Instruction> Samples(Code code)
    {
        OpCodeOperandKind[] kinds = [.. Enumerable.Range(0, code.ToOpCode().OpCount).Select(code.ToOpCode().GetOpKind)];
        bool hasChoice = kinds.Any(kind => kind.ToString().Contains("_or_mem", StringComparison.Ordinal));
        return hasChoice ? [Sample(code, kinds, inMemory: true), Sample(code, kinds, inMemory: false)] : [Sample(code, kinds, inMemory: true)];
    }

    /// <summary>Why it could fault; empty when it cannot.</summary>
    public static string ReasonOf(in Instruction instruction)
    {
        OpCodeInfo info = instruction.Code.ToOpCode();
        if (IsX87(info))
            return "x87, or waits for it";
        if (info is { Encoding: EncodingKind.Legacy, Table: OpCodeTableKind.T0F, OpCode: EmmsOpcode or FemmsOpcode })
            return "changes the x87 state";
        if (info.MustBeCpl0 || info.MayRequireCpl0 || info.IsPrivileged || info.IsInputOutput || info.IsSaveRestore)
            return "is the kernel's";
        if (instruction.FlowControl is FlowControl.Interrupt or FlowControl.Exception or FlowControl.XbeginXabortXend || instruction.Mnemonic == Mnemonic.Bound)
            return "interrupts";
        if (instruction.Mnemonic is Mnemonic.Div or Mnemonic.Idiv or Mnemonic.Aam)
            return "divides";
        if (IsFar(instruction))
            return "leaves the code segment";
        if (instruction.MemorySize.GetSize() >= SmallestAligned)
            return "its memory may have to be aligned";
        return s_factory.GetInfo(instruction).GetUsedRegisters().Select(ReasonOf).FirstOrDefault(reason => reason.Length > 0) ?? "";
    }

    private static string ReasonOf(UsedRegister used) => used.Register switch
    {
        Register register when register.IsVectorRegister() || register.IsMM() || register.IsST() || register.IsK() || register.IsBND() || register.IsTMM() => $"uses {register}",
        Register register when register.IsCR() || register.IsDR() || register.IsTR() => $"uses {register}",
        Register register when register.IsSegmentRegister() && used.Access is not (OpAccess.Read or OpAccess.CondRead) => $"loads {register}",
        _ => "",
    };

    private static bool IsX87(OpCodeInfo info)
    {
        uint first = info.OpCode >> ((info.OpCodeLength - 1) * 8);
        return info.Fwait || (info is { Encoding: EncodingKind.Legacy, Table: OpCodeTableKind.Normal } && first is WaitOpcode or (>= FirstX87Opcode and <= LastX87Opcode));
    }

    private static bool IsFar(in Instruction instruction) => instruction.IsJmpFar || instruction.IsJmpFarIndirect || instruction.IsCallFar || instruction.IsCallFarIndirect ||
        instruction.Mnemonic is Mnemonic.Retf or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq;

    private static Instruction Sample(Code code, OpCodeOperandKind[] kinds, bool inMemory)
    {
        var instruction = new Instruction { Code = code, MemoryBase = Register.RSI };
        for (int i = 0; i < kinds.Length; i++)
        {
            string kind = kinds[i].ToString();
            instruction.SetOpKind(i, KindOf(kind, inMemory));
            if (instruction.GetOpKind(i) == OpKind.Register)
                instruction.SetOpRegister(i, RegisterOf(kind));
        }

        return instruction;
    }

    private static OpKind KindOf(string kind, bool inMemory)
    {
        if (kind.StartsWith("mem", StringComparison.Ordinal) || kind.StartsWith("sibmem", StringComparison.Ordinal) || (inMemory && kind.Contains("_or_mem", StringComparison.Ordinal)))
            return OpKind.Memory;
        if (kind.StartsWith("imm", StringComparison.Ordinal))
            return OpKind.Immediate8;
        return kind switch
        {
            "seg_rSI" => OpKind.MemorySegRSI,
            "seg_rDI" => OpKind.MemorySegRDI,
            "es_rDI" => OpKind.MemoryESRDI,
            "seg_rBX_al" => OpKind.Memory,
            _ when kind.StartsWith("farbr", StringComparison.Ordinal) => OpKind.FarBranch32,
            _ when kind.StartsWith("br", StringComparison.Ordinal) || kind.StartsWith("xbegin", StringComparison.Ordinal) => OpKind.NearBranch64,
            _ => OpKind.Register,
        };
    }

    private static Register RegisterOf(string kind)
    {
        foreach ((string beginning, Register register) in s_registers)
        {
            if (kind.StartsWith(beginning, StringComparison.Ordinal))
                return register;
        }

        return Enum.TryParse(kind, ignoreCase: true, out Register named) ? named : Register.EDX;
    }
}
