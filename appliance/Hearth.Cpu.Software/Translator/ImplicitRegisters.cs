using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Guest RCX where an instruction uses it without naming it, or names it in its opcode alone.</summary>
internal static class ImplicitRegisters
{
    public static (bool Read, bool Write) Rcx(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Cmpxchg8b or Mnemonic.Cmpxchg16b:
                return (true, false);
            case Mnemonic.Pcmpestri or Mnemonic.Pcmpestri64 or Mnemonic.Pcmpistri:
            case Mnemonic.Vpcmpestri or Mnemonic.Vpcmpestri64 or Mnemonic.Vpcmpistri:
                return (false, true);
            case Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr or Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr or Mnemonic.Sar:
                return ByCount(instruction, 1);
            case Mnemonic.Shld or Mnemonic.Shrd:
                return ByCount(instruction, 2);
            default:
                return (false, false);
        }
    }

    private static (bool Read, bool Write) ByCount(in Instruction instruction, int operand)
    {
        if (instruction.GetOpKind(operand) != OpKind.Register)
            return (false, false);
        bool write = instruction.Op0Kind == OpKind.Register && RegisterMap.GuestNumber(instruction.Op0Register) == RegisterMap.GuestRcx;
        return (true, write);
    }
}
