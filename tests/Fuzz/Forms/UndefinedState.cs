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
    public static bool IsImplementationDefined(in Instruction instruction, TestProgram program, Outcome oracle)
    {
        bool faulted = oracle.Vector != ExceptionVectors.Breakpoint;
        bool pageFault = oracle.Vector == ExceptionVectors.PageFault;
        return instruction.Mnemonic switch
        {
            // Which of several pushes and reads comes first, and what is left of them after a fault.
            Mnemonic.Enter or Mnemonic.Pusha or Mnemonic.Pushad or Mnemonic.Popa or Mnemonic.Popad => faulted,

            // DR4 and DR5 with CR4.DE: #UD comes before the check of the privilege level on Intel's processors, after it on AMD's.
            Mnemonic.Mov when IsAliasedDebugRegister(instruction.Op0Register) || IsAliasedDebugRegister(instruction.Op1Register) => !HostVendor.IsIntel,

            // AMD reads the outer frame before it looks at the selector.
            Mnemonic.Retf or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq => !HostVendor.IsIntel && oracle.Vector is
                ExceptionVectors.PageFault or ExceptionVectors.StackFault or ExceptionVectors.AlignmentCheck,

            // "Page faults may still be signaled for a mask of 0" (Intel SDM Vol. 2, MASKMOVDQU).
            Mnemonic.Maskmovq or Mnemonic.Maskmovdqu or Mnemonic.Vmaskmovdqu => pageFault,

            // "#GP or #AC, depending on the implementation" when the area is not aligned (Intel SDM Vol. 2, FXSAVE).
            Mnemonic.Fxsave or Mnemonic.Fxsave64 or Mnemonic.Fxrstor or Mnemonic.Fxrstor64 => oracle.Vector == ExceptionVectors.AlignmentCheck,

            // AMD checks the alignment of both parts of a far pointer before it reads them.
            _ when oracle.Vector == ExceptionVectors.AlignmentCheck && ReadsFarPointer(instruction) => !HostVendor.IsIntel,

            // AMD checks the alignment of vectors of any size, Intel only up to 8 bytes (SDM Vol. 2, section 2.4).
            _ when oracle.Vector == ExceptionVectors.AlignmentCheck => !HostVendor.IsIntel
                && instruction.MemorySize.GetSize() > (instruction.Encoding == EncodingKind.VEX ? 8 : 15),

            // Of the 16-bit form Intel reads two bytes, AMD four.
            Mnemonic.Movsxd when faulted => !HostVendor.IsIntel && instruction.MemorySize.GetSize() == 2,

            // Beyond the canonical addresses of 64-bit code AMD ignores the prefix, Intel raises #SS instead of #GP.
            _ when instruction.SegmentPrefix == Register.SS && program.Mode == CodeMode.Long
                && oracle.Vector == ExceptionVectors.GeneralProtection => !HostVendor.IsIntel,

            // Of an operand that reaches beyond the canonical addresses: which part is accessed first.
            _ when FaultAddressMask(instruction) == 0 && oracle.FaultAddress >= CanonicalEnd - LongestOperand => true,

            // A single-step trap may come between the elements.
            _ => instruction.IsVsib && oracle.Vector == ExceptionVectors.Debug && oracle.State.Rip == program.State.Rip,
        };
    }

    private static bool ReadsFarPointer(in Instruction instruction) => instruction.IsCallFarIndirect || instruction.IsJmpFarIndirect
        || instruction.Mnemonic is Mnemonic.Lds or Mnemonic.Les or Mnemonic.Lfs or Mnemonic.Lgs or Mnemonic.Lss;

    private static bool IsAliasedDebugRegister(Register register) => register is Register.DR4 or Register.DR5;

    /// <summary>
    /// Intel extends the sign of every element of a gather's mask before it begins, AMD leaves elements it has not come to as
    /// they were: only the sign counts.
    /// </summary>
    public static void NormalizeGatherMask(in Instruction instruction, ProcessorState state)
    {
        if (!instruction.IsVsib)
            return;
        int register = instruction.Op2Register.GetNumber();
        int size = instruction.MemorySize.GetSize();
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
