using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>ADCX and ADOX (Intel SDM Vol. 2), where the host's processor has no ADX.</summary>
internal sealed unsafe class AddCarryInstructions
{
    // SAFETY: the state block outlives the interpreter.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;

    public AddCarryInstructions(VcpuState* state, GuestAccess access)
    {
        _state = state;
        _access = access;
    }

    public StepResult Execute(in Instruction instruction)
    {
        ulong flag = instruction.Mnemonic == Mnemonic.Adcx ? ArithmeticFlag.Carry : ArithmeticFlag.Overflow;
        int size = instruction.Code is Code.Adcx_r64_rm64 or Code.Adox_r64_rm64 ? 8 : 4;
        if (!TryReadSource(instruction, size, out ulong source))
            return StepResult.Fault;

        uint carry = (_state->ArithmeticFlags & flag) != 0 ? 1u : 0;
        UInt128 sum = (UInt128)OperandAccess.Read(_state, instruction.Op0Register) + source + carry;
        OperandAccess.Write(_state, instruction.Op0Register, (ulong)sum);
        bool carries = sum >> (size * 8) != 0;
        _state->ArithmeticFlags = (_state->ArithmeticFlags & ~flag) | (carries ? flag : 0);
        return Completion.Advance(_state, instruction);
    }

    private bool TryReadSource(in Instruction instruction, int size, out ulong value)
    {
        if (instruction.Op1Kind == OpKind.Memory)
            return _access.TryRead(EffectiveAddress.Segment(_state, instruction), EffectiveAddress.Offset(_state, instruction), size, out value);
        value = OperandAccess.Read(_state, instruction.Op1Register);
        return true;
    }
}
