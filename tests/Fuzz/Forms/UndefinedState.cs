using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>
/// What instructions leave undefined and is not compared. The list is short on purpose: the oracle and generated code run
/// on the same processor, so undefined flags agree, too.
/// </summary>
internal static class UndefinedState
{
    /// <summary>RFLAGS bits to ignore after an instruction.</summary>
    public static ulong Flags(in Instruction instruction)
    {
        _ = instruction;
        return 0;
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
