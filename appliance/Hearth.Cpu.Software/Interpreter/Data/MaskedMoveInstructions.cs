using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>
/// VMASKMOVPS/PD and VPMASKMOVD/Q with memory, MASKMOVQ, MASKMOVDQU and VMASKMOVDQU (Intel SDM Vol. 2). An element whose mask
/// is clear is never touched and never faults.
/// </summary>
internal sealed unsafe class MaskedMoveInstructions
{
    private const int VectorLength = 32;

    // SAFETY: the state block outlives the interpreter; element numbers stay below the length of a register.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly GuestFpu _fpu;
    private readonly FeatureGate _gate;

    public MaskedMoveInstructions(VcpuState* state, GuestAccess access, GuestFpu fpu, FeatureGate gate)
    {
        _state = state;
        _access = access;
        _fpu = fpu;
        _gate = gate;
    }

    public StepResult Execute(in Instruction instruction)
    {
        bool done = instruction.Mnemonic switch
        {
            Mnemonic.Maskmovq => TryStoreMmx(instruction),
            Mnemonic.Maskmovdqu => _gate.TrySse() && TryStoreBytes(instruction),
            Mnemonic.Vmaskmovdqu => _gate.TryAvx() && TryStoreBytes(instruction),
            _ => _gate.TryAvx() && TryMaskMove(instruction),
        };
        return done ? Completion.Advance(_state, instruction) : StepResult.Fault;
    }

    private bool TryMaskMove(in Instruction instruction)
    {
        bool loads = instruction.Op0Kind == OpKind.Register;
        Register vector = loads ? instruction.Op0Register : instruction.Op2Register;
        byte* data = OperandAccess.Vector(_state, vector);
        byte* mask = OperandAccess.Vector(_state, instruction.Op1Register);
        int size = instruction.Mnemonic is Mnemonic.Vmaskmovps or Mnemonic.Vpmaskmovd ? 4 : 8;
        int length = vector >= Register.YMM0 ? 32 : 16;
        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        ulong offset = EffectiveAddress.Offset(_state, instruction);
        ulong addressMask = OperandAccess.Mask(EffectiveAddress.Size(instruction));
        return loads
            ? TryLoadElements(data, mask, size, length, segment, offset, addressMask)
            : TryStoreElements(data, mask, size, length, segment, offset, addressMask);
    }

    private bool TryLoadElements(
        byte* data, byte* mask, int size, int length, SegmentName segment, ulong offset, ulong addressMask)
    {
        byte* loaded = stackalloc byte[VectorLength];
        new Span<byte>(loaded, VectorLength).Clear();
        for (int at = 0; at < length; at += size)
        {
            if ((sbyte)mask[at + size - 1] >= 0)
                continue;
            if (!_access.TryRead(segment, (offset + (ulong)at) & addressMask, size, out ulong value))
                return false;
            new ReadOnlySpan<byte>(&value, size).CopyTo(new Span<byte>(loaded + at, size));
        }

        new ReadOnlySpan<byte>(loaded, VectorLength).CopyTo(new Span<byte>(data, VectorLength));
        return true;
    }

    /// <summary>Checks every element before it writes the first, so that a fault leaves memory as it was.</summary>
    private bool TryStoreElements(
        byte* data, byte* mask, int size, int length, SegmentName segment, ulong offset, ulong addressMask)
    {
        for (int at = 0; at < length; at += size)
        {
            if ((sbyte)mask[at + size - 1] < 0 && !_access.TryProbeWrite(segment, (offset + (ulong)at) & addressMask, size))
                return false;
        }

        for (int at = 0; at < length; at += size)
        {
            if ((sbyte)mask[at + size - 1] >= 0)
                continue;
            ulong value = 0;
            new ReadOnlySpan<byte>(data + at, size).CopyTo(new Span<byte>(&value, size));
            if (!_access.TryWrite(segment, (offset + (ulong)at) & addressMask, size, value))
                return false;
        }

        return true;
    }

    private bool TryStoreMmx(in Instruction instruction)
    {
        if (!_gate.TryMmx())
            return false;
        _fpu.Claim();
        byte* data = _fpu.Mmx(instruction.Op1Register - Register.MM0);
        byte* mask = _fpu.Mmx(instruction.Op2Register - Register.MM0);
        if (!TryStoreElements(data, mask, 1, 8, Segment(instruction), Offset(instruction, out ulong addressMask), addressMask))
            return false;
        _fpu.EnterMmx();
        return true;
    }

    private bool TryStoreBytes(in Instruction instruction)
    {
        byte* data = OperandAccess.Vector(_state, instruction.Op1Register);
        byte* mask = OperandAccess.Vector(_state, instruction.Op2Register);
        return TryStoreElements(data, mask, 1, 16, Segment(instruction), Offset(instruction, out ulong addressMask), addressMask);
    }

    private SegmentName Segment(in Instruction instruction) => EffectiveAddress.Segment(_state, instruction);

    /// <summary>The implicit operand at DI, EDI or RDI.</summary>
    private ulong Offset(in Instruction instruction, out ulong addressMask)
    {
        int size = instruction.Op0Kind switch { OpKind.MemorySegDI => 2, OpKind.MemorySegEDI => 4, _ => 8 };
        addressMask = OperandAccess.Mask(size);
        return OperandAccess.Read(_state, GeneralRegister.Rdi, size);
    }
}
