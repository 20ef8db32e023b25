using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>AAA, AAS, AAM, AAD, DAA, DAS, SALC, XLAT, LAHF and SAHF (Intel SDM Vol. 2).</summary>
/// <remarks>
/// The manual leaves some flags undefined. They are what AMD processors make of them: those of the addition or subtraction of
/// the whole correction.
/// </remarks>
internal sealed unsafe class DecimalInstructions
{
    private const ulong FlagsInAh = ArithmeticFlag.All & ~ArithmeticFlag.Overflow;

    // SAFETY: the state block outlives the interpreter.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;

    public DecimalInstructions(VcpuState* state, GuestAccess access)
    {
        _state = state;
        _access = access;
    }

    public StepResult Execute(in Instruction instruction)
    {
        bool done = true;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Aaa:
                AdjustAscii(adds: true);
                break;
            case Mnemonic.Aas:
                AdjustAscii(adds: false);
                break;
            case Mnemonic.Aam:
                done = TryDivideDigits(instruction.Immediate8);
                break;
            case Mnemonic.Aad:
                JoinDigits(instruction.Immediate8);
                break;
            case Mnemonic.Daa:
                AdjustPacked(adds: true);
                break;
            case Mnemonic.Das:
                AdjustPacked(adds: false);
                break;
            case Mnemonic.Salc:
                Low = Has(ArithmeticFlag.Carry) ? (byte)0xFF : (byte)0;
                break;
            case Mnemonic.Xlatb:
                done = TryTranslate(instruction);
                break;
            case Mnemonic.Lahf:
                High = (byte)((_state->ArithmeticFlags & FlagsInAh) | 2);
                break;
            default:
                _state->ArithmeticFlags = (_state->ArithmeticFlags & ArithmeticFlag.Overflow) | (High & FlagsInAh);
                break;
        }

        return done ? Completion.Advance(_state, instruction) : StepResult.Fault;
    }

    private byte Low
    {
        get => (byte)_state->Gpr[GeneralRegister.Rax];
        set => OperandAccess.Write(_state, GeneralRegister.Rax, 1, value);
    }

    private byte High
    {
        get => (byte)(_state->Gpr[GeneralRegister.Rax] >> 8);
        set => OperandAccess.Write(_state, GeneralRegister.Rax, 2, ((ulong)value << 8) | Low);
    }

    /// <summary>AAA and AAS.</summary>
    private void AdjustAscii(bool adds)
    {
        const ulong Defined = ArithmeticFlag.Carry | ArithmeticFlag.Adjust;
        bool adjusts = (Low & 0xF) > 9 || Has(ArithmeticFlag.Adjust);
        ulong correction = adjusts ? 0x106UL : 0;
        ulong old = (ushort)_state->Gpr[GeneralRegister.Rax];
        OperandAccess.Write(_state, GeneralRegister.Rax, 2, (adds ? old + correction : old - correction) & 0xFF0F);
        _state->ArithmeticFlags = (Flags(adds, old, correction, 2) & ~Defined) | (adjusts ? Defined : 0);
    }

    private bool TryDivideDigits(byte radix)
    {
        if (radix == 0)
        {
            PendingFault.Set(_state, ExceptionVector.DivideError);
            return false;
        }

        byte value = Low;
        High = (byte)(value / radix);
        Low = (byte)(value % radix);
        _state->ArithmeticFlags = ArithmeticFlag.OfResult(Low, 1);
        return true;
    }

    private void JoinDigits(byte radix)
    {
        byte tens = (byte)(High * radix);
        _state->ArithmeticFlags = ArithmeticFlag.OfAdd(Low, tens, 1);
        OperandAccess.Write(_state, GeneralRegister.Rax, 2, (byte)(Low + tens));
    }

    /// <summary>DAA and DAS.</summary>
    private void AdjustPacked(bool adds)
    {
        byte old = Low;
        bool lowAdjusts = (old & 0xF) > 9 || Has(ArithmeticFlag.Adjust);
        bool highAdjusts = old > 0x99 || Has(ArithmeticFlag.Carry);
        ulong correction = (lowAdjusts ? 6UL : 0) + (highAdjusts ? 0x60UL : 0);
        Low = (byte)(adds ? old + correction : old - correction);

        // DAS of a value below 6 borrows even when the high digit needs no correction.
        bool carry = highAdjusts || (!adds && lowAdjusts && old < 6);
        _state->ArithmeticFlags = (Flags(adds, old, correction, 1) & ~(ArithmeticFlag.Carry | ArithmeticFlag.Adjust))
            | (carry ? ArithmeticFlag.Carry : 0)
            | (lowAdjusts ? ArithmeticFlag.Adjust : 0);
    }

    private static ulong Flags(bool adds, ulong value, ulong correction, int size) =>
        adds ? ArithmeticFlag.OfAdd(value, correction, size) : ArithmeticFlag.OfCompare(value, correction, size);

    private bool TryTranslate(in Instruction instruction)
    {
        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        if (!_access.TryRead(segment, EffectiveAddress.Offset(_state, instruction), 1, out ulong value))
            return false;
        Low = (byte)value;
        return true;
    }

    private bool Has(ulong flag) => (_state->ArithmeticFlags & flag) != 0;
}
