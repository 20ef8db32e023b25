using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>
/// What instructions leave to the implementation and is not compared. The list is short on purpose: the oracle and generated
/// code run on the same processor, so even undefined flags agree.
/// </summary>
internal static class UndefinedState
{
    private const ulong Page = ~0xFFFUL;
    private const ulong AlignmentCheckFlag = 1 << 18;
    private const int BoundRange = 5;
    private const ulong CanonicalEnd = 1UL << 47;

    /// <summary>The longest operand in several parts: the area of FXSAVE.</summary>
    private const ulong LongestOperand = 512;

    /// <summary>
    /// The bits of CR2 to compare: which byte of an operand in several parts is named when it reaches into a bad page is the
    /// implementation's choice.
    /// </summary>
    public static ulong FaultAddressMask(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Fxsave or Mnemonic.Fxsave64 or Mnemonic.Fxrstor or Mnemonic.Fxrstor64 or Mnemonic.Fnsave or Mnemonic.Fsave or Mnemonic.Frstor
            or Mnemonic.Fnstenv or Mnemonic.Fstenv or Mnemonic.Fldenv => 0,
        Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq or Mnemonic.Retf => Page,
        Mnemonic.Call or Mnemonic.Jmp or Mnemonic.Lds or Mnemonic.Les or Mnemonic.Lfs or Mnemonic.Lgs or Mnemonic.Lss or Mnemonic.Bound => Page,
        Mnemonic.Vmaskmovps or Mnemonic.Vmaskmovpd or Mnemonic.Vpmaskmovd or Mnemonic.Vpmaskmovq => Page,
        _ => ulong.MaxValue,
    };

    /// <summary>Whether the oracle's result depends on its make and says nothing about the architecture.</summary>
    public static bool IsImplementationDefined(in Instruction instruction, TestProgram program, Outcome oracle) =>
        IsUndefined(instruction, program, oracle) || (HostVendor.IsIntel ? IsSpecialOnIntel(instruction, program, oracle) : IsSpecialOnAmd(instruction, program, oracle));

    private static bool IsUndefined(in Instruction instruction, TestProgram program, Outcome oracle)
    {
        bool faulted = oracle.Vector != ExceptionVectors.Breakpoint;
        return instruction.Mnemonic switch
        {
            // Which of several pushes and reads comes first, and what is left of them after a fault.
            Mnemonic.Enter or Mnemonic.Pusha or Mnemonic.Pushad or Mnemonic.Popa or Mnemonic.Popad => faulted,

            // "Page faults may still be signaled for a mask of 0" (Intel SDM Vol. 2, MASKMOVDQU).
            Mnemonic.Maskmovq or Mnemonic.Maskmovdqu or Mnemonic.Vmaskmovdqu => oracle.Vector == ExceptionVectors.PageFault,

            // Whether elements that the mask leaves out are looked at, and which part of an operand that reaches beyond the canonical addresses.
            Mnemonic.Vmaskmovps or Mnemonic.Vmaskmovpd or Mnemonic.Vpmaskmovd or Mnemonic.Vpmaskmovq =>
                oracle.Vector is ExceptionVectors.GeneralProtection or ExceptionVectors.StackFault,

            // Limits and alignment of an operand in several parts: which is looked at first.
            Mnemonic.Fnstenv or Mnemonic.Fstenv or Mnemonic.Fldenv or Mnemonic.Fnsave or Mnemonic.Fsave or Mnemonic.Frstor
                when (program.State.Rflags & AlignmentCheckFlag) != 0 => oracle.Vector is ExceptionVectors.AlignmentCheck or ExceptionVectors.GeneralProtection
                    or ExceptionVectors.StackFault,

            // "#GP or #AC, depending on the implementation" when the area is not aligned (Intel SDM Vol. 2, FXSAVE); and limits before that, or after.
            Mnemonic.Fxsave or Mnemonic.Fxsave64 or Mnemonic.Fxrstor or Mnemonic.Fxrstor64 => oracle.Vector == ExceptionVectors.AlignmentCheck
                || (faulted && program.Mode != CodeMode.Long && oracle.Vector is ExceptionVectors.GeneralProtection or ExceptionVectors.StackFault),

            // Whether the alignment of both parts of a far pointer is checked before one is read.
            _ when oracle.Vector == ExceptionVectors.AlignmentCheck && ReadsFarPointer(instruction) => true,

            // Beyond the canonical addresses of 64-bit code AMD ignores the prefix; Intel's processors mostly raise #SS instead of #GP.
            _ when instruction.SegmentPrefix == Register.SS && program.Mode == CodeMode.Long && oracle.Vector == ExceptionVectors.GeneralProtection => true,

            // Of an operand that reaches beyond the canonical addresses: which part is accessed first.
            _ when FaultAddressMask(instruction) == 0 && oracle.FaultAddress >= CanonicalEnd - LongestOperand => true,

            // A single-step trap may come between the elements.
            _ => instruction.IsVsib && oracle.Vector == ExceptionVectors.Debug && oracle.State.Rip == program.State.Rip,
        };
    }

    private static bool IsSpecialOnIntel(in Instruction instruction, TestProgram program, Outcome oracle)
    {
        bool faulted = oracle.Vector != ExceptionVectors.Breakpoint;
        bool pageFault = oracle.Vector == ExceptionVectors.PageFault;
        return instruction.Mnemonic switch
        {
            // What is done by the time of the fault: the return address is pushed before the target is looked at, the x87 unit has gone over to
            // MMX (TOP and tags), MXCSR has the flags, what fits into the page is written.
            Mnemonic.Call when !instruction.IsCallFar && !instruction.IsCallFarIndirect && faulted =>
                !instruction.IsCallNear || oracle.Vector == ExceptionVectors.GeneralProtection,
            Mnemonic.Vcvtps2ph when faulted => true,
            Mnemonic.Fbstp or Mnemonic.Fstp when faulted && instruction.MemorySize.GetSize() == 10 => true,
            _ when faulted && instruction.Op0Kind == OpKind.Memory && instruction.Op1Register.IsMM() => true,

            // The alignment of the 8 bytes is not checked.
            Mnemonic.Vcvtps2ph or Mnemonic.Vcvtph2ps when (program.State.Rflags & AlignmentCheckFlag) != 0 => true,

            // Memory is not looked at that an exception keeps an instruction from storing to.
            Mnemonic.Fst or Mnemonic.Fstp or Mnemonic.Fist or Mnemonic.Fistp or Mnemonic.Fisttp or Mnemonic.Fbstp
                when instruction.Op0Kind == OpKind.Memory && HasUnmaskedX87(program.State) => true,

            // The #GP of a misaligned operand comes before other faults.
            Mnemonic.Sha1msg1 or Mnemonic.Sha1msg2 or Mnemonic.Sha1nexte or Mnemonic.Sha1rnds4 or Mnemonic.Sha256msg1 or Mnemonic.Sha256msg2 or Mnemonic.Sha256rnds2
                when oracle.Vector == ExceptionVectors.GeneralProtection => true,

            // Whether the upper bound is read when the lower one is passed already.
            Mnemonic.Bound when program.Mode == CodeMode.Protected16 && oracle.Vector == BoundRange => true,

            // With RBP or RSP as the base there may be #SS whatever prefix there is.
            _ when instruction.SegmentPrefix is Register.ES or Register.CS or Register.DS && program.Mode == CodeMode.Long
                && oracle.Vector == ExceptionVectors.StackFault => true,

            // Which of the two operands is read first, and which part of one that reaches beyond the canonical addresses.
            Mnemonic.Cmpsb or Mnemonic.Cmpsw or Mnemonic.Cmpsd or Mnemonic.Cmpsq when faulted && oracle.Vector != ExceptionVectors.Debug => true,

            // The stack of 64-bit code is pushed to already, which has no base.
            Mnemonic.Call when pageFault && program.Mode == CodeMode.Protected16 && !instruction.IsCallNear && !instruction.IsCallNearIndirect => true,

            // Accesses wrap around at the end of a segment of 4 GiB (SDM Vol. 3, section 5.3, leaves it open).
            _ when pageFault && program.Mode != CodeMode.Long && oracle.FaultAddress is > uint.MaxValue - LongestOperand and <= uint.MaxValue => true,

            // Between two iterations there are traps with RF set.
            _ when IsRepeated(instruction) && oracle.Vector == ExceptionVectors.Debug && oracle.State.Rip == program.State.Rip => true,

            // When a change of the instruction itself is noticed.
            _ when IsRepeated(instruction) && OverwritesItself(instruction, program) => true,

            // Limits and the alignment of the area, and whether there is #AC for it.
            Mnemonic.Fxsave or Mnemonic.Fxsave64 or Mnemonic.Fxrstor or Mnemonic.Fxrstor64 =>
                faulted && (oracle.Vector == ExceptionVectors.StackFault || (program.State.Rflags & AlignmentCheckFlag) != 0),
            _ => false,
        };
    }

    private static bool IsSpecialOnAmd(in Instruction instruction, TestProgram program, Outcome oracle)
    {
        bool faulted = oracle.Vector != ExceptionVectors.Breakpoint;
        return instruction.Mnemonic switch
        {
            // The outer frame is read before the selector is looked at.
            Mnemonic.Retf or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq =>
                oracle.Vector is ExceptionVectors.PageFault or ExceptionVectors.StackFault or ExceptionVectors.AlignmentCheck,

            // The whole slot of a selector is read, not its lower 16 bits.
            Mnemonic.Pop when instruction.Op0Register.IsSegmentRegister() =>
                oracle.Vector is ExceptionVectors.PageFault or ExceptionVectors.StackFault or ExceptionVectors.AlignmentCheck,

            // The flags are those of the last element before a fault, not those before the instruction.
            Mnemonic.Cmpsb or Mnemonic.Cmpsw or Mnemonic.Cmpsd or Mnemonic.Cmpsq or Mnemonic.Scasb or Mnemonic.Scasw or Mnemonic.Scasd or Mnemonic.Scasq
                when faulted && IsRepeated(instruction) && oracle.Vector != ExceptionVectors.Debug => true,

            // Of the 16-bit form four bytes are read, not two.
            Mnemonic.Movsxd when faulted => instruction.MemorySize.GetSize() == 2,

            // The alignment of vectors of any size is checked, not only up to 8 bytes (Intel SDM Vol. 2, section 2.4).
            _ when oracle.Vector == ExceptionVectors.AlignmentCheck => instruction.MemorySize.GetSize() > (instruction.Encoding == EncodingKind.VEX ? 8 : 15),

            // The return address is pushed before the target is looked at.
            Mnemonic.Call when instruction.IsCallNear || instruction.IsCallNearIndirect => oracle.Vector == ExceptionVectors.StackFault,

            // The upper half of a selector's slot is written, too.
            Mnemonic.Call when oracle.State.Rip != program.State.Rip => program.Mode != CodeMode.Long,

            // Which part of a far pointer is read first.
            _ when ReadsFarPointer(instruction) => oracle.Vector == ExceptionVectors.PageFault,

            // The limit of the segment is not looked at, element by element (seen on Zen 3).
            Mnemonic.Vmaskmovps or Mnemonic.Vmaskmovpd or Mnemonic.Vpmaskmovd or Mnemonic.Vpmaskmovq => program.Mode == CodeMode.Protected16,
            _ => false,
        };
    }

    private static bool HasUnmaskedX87(ProcessorState state) => (state.Xsave[0] & 0x3F) != 0x3F;

    private static bool IsRepeated(in Instruction instruction) => instruction.IsStringInstruction && (instruction.HasRepPrefix || instruction.HasRepnePrefix);

    /// <summary>A repeated store comes to the bytes of its own instruction.</summary>
    private static bool OverwritesItself(in Instruction instruction, TestProgram program)
    {
        if (instruction.Op0Kind is not (OpKind.MemoryESDI or OpKind.MemoryESEDI or OpKind.MemoryESRDI))
            return false;
        const int Rcx = 1;
        const int Rdi = 7;
        const ulong DirectionFlag = 1 << 10;
        ulong mask = instruction.Op0Kind switch { OpKind.MemoryESDI => ushort.MaxValue, OpKind.MemoryESEDI => uint.MaxValue, _ => ulong.MaxValue };
        ulong start = program.State.Registers[Rdi] & mask;
        ulong length = Math.Min(program.State.Registers[Rcx] & mask, uint.MaxValue) * (ulong)instruction.MemorySize.GetSize();
        bool descends = (program.State.Rflags & DirectionFlag) != 0;
        ulong code = program.State.Rip;
        return descends ? code <= start + 8 && start - code < length + 8 : code + 15 >= start && code < start + length;
    }

    private static bool ReadsFarPointer(in Instruction instruction) => instruction.IsCallFarIndirect || instruction.IsJmpFarIndirect
        || instruction.Mnemonic is Mnemonic.Lds or Mnemonic.Les or Mnemonic.Lfs or Mnemonic.Lgs or Mnemonic.Lss;

    /// <summary>
    /// Intel extends the sign of every element of a gather's mask before it begins, AMD leaves elements it has not come to as
    /// they were: only the sign counts.
    /// </summary>
    /// <param name="start">Where the instruction lies.</param>
    public static void NormalizeGatherMask(in Instruction instruction, ulong start, ProcessorState state)
    {
        if (!instruction.IsVsib)
            return;
        int register = instruction.Op2Register.GetNumber();
        int size = instruction.MemorySize.GetSize();

        // Intel clears the upper halves before it begins when there are no elements in them, AMD when it is done.
        bool isDone = state.Rip != start;
        foreach (Register half in (ReadOnlySpan<Register>)[instruction.Op0Register, instruction.Op2Register])
        {
            if (half.IsXMM() && !isDone)
                state.Xsave.AsSpan(ProcessorState.YmmHighOffset + (half.GetNumber() * 16), 16).Clear();
        }

        foreach (Memory<byte> half in (Memory<byte>[])[state.Xsave.AsMemory(ProcessorState.XmmOffset + (register * 16), 16), state.Xsave.AsMemory(ProcessorState.YmmHighOffset + (register * 16), 16)])
        {
            for (int at = 0; at < 16; at += size)
                half.Span.Slice(at, size).Fill((half.Span[at + size - 1] & 0x80) != 0 ? (byte)0xFF : (byte)0);
        }
    }

    /// <summary>
    /// Bytes of the memory operand to ignore: the last x87 instruction's address, operand and opcode, which processors keep
    /// in different ways (AMD APM Vol. 2, section 11.4.4; Intel SDM Vol. 1, section 8.1.8), and MXCSR_MASK.
    /// </summary>
    public static IReadOnlyList<(int Offset, int Length)> Memory(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Fxsave or Mnemonic.Fxsave64 => [(6, 18), (28, 4)],
        Mnemonic.Fnstenv or Mnemonic.Fstenv or Mnemonic.Fnsave or Mnemonic.Fsave => instruction.MemorySize is MemorySize.FpuEnv14 or MemorySize.FpuState94
            ? [(6, 8)]
            : [(12, 16)],
        _ => [],
    };
}
