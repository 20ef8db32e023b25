using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>
/// VMASKMOVPS/PD and VPMASKMOVD/Q with memory, MASKMOVQ, MASKMOVDQU and VMASKMOVDQU (Intel SDM Vol. 2). An element whose mask
/// is clear is never touched and never faults, except that the segment has to hold all of MASKMOVQ's and MASKMOVDQU's operand.
/// The others check no alignment.
/// </summary>
internal sealed unsafe class MaskedMoveInstructions
{
    private const int VectorLength = 32;

    // SAFETY: the state block outlives the interpreter; element numbers stay below the length of a register.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly WideOperands _operands;
    private readonly GuestFpu _fpu;
    private readonly FeatureGate _gate;

    public MaskedMoveInstructions(VcpuState* state, GuestAccess access, WideOperands operands, GuestFpu fpu, FeatureGate gate)
    {
        _state = state;
        _access = access;
        _operands = operands;
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
        bool done = loads
            ? TryLoadElements(data, mask, size, length, segment, offset)
            : TryStoreElements(data, mask, size, length, segment, offset);
        if (!done)
            NamePage(segment, offset);
        return done;
    }

    /// <summary>A fault in the second page of an operand names the start of the page, not the element.</summary>
    private void NamePage(SegmentName segment, ulong offset)
    {
        ulong fault = _state->FaultAddress;
        bool isPageFault = _state->FaultVector == ExceptionVector.PageFault;
        if (isPageFault && _access.TryLinear(segment, offset, 1, MemoryAccess.Read, out ulong start) && (start ^ fault) >> 12 != 0)
            _state->FaultAddress = fault & ~0xFFFUL;
    }

    private bool TryLoadElements(byte* data, byte* mask, int size, int length, SegmentName segment, ulong offset)
    {
        byte* loaded = stackalloc byte[VectorLength];
        new Span<byte>(loaded, VectorLength).Clear();
        for (int at = 0; at < length; at += size)
        {
            if ((sbyte)mask[at + size - 1] >= 0)
                continue;
            if (!_access.TryLinear(segment, offset + (ulong)at, size, MemoryAccess.Read, out ulong linear)
                || !_access.TryReadLinear(linear, size, out ulong value))
            {
                return false;
            }

            new ReadOnlySpan<byte>(&value, size).CopyTo(new Span<byte>(loaded + at, size));
        }

        new ReadOnlySpan<byte>(loaded, VectorLength).CopyTo(new Span<byte>(data, VectorLength));
        return true;
    }

    /// <summary>Checks every element before it writes the first, so that a fault leaves memory as it was.</summary>
    private bool TryStoreElements(byte* data, byte* mask, int size, int length, SegmentName segment, ulong offset)
    {
        for (int at = 0; at < length; at += size)
        {
            if ((sbyte)mask[at + size - 1] < 0 && !_operands.TryProbeWrite(segment, offset + (ulong)at, size))
                return false;
        }

        for (int at = 0; at < length; at += size)
        {
            if ((sbyte)mask[at + size - 1] >= 0)
                continue;
            ulong value = 0;
            new ReadOnlySpan<byte>(data + at, size).CopyTo(new Span<byte>(&value, size));
            if (!_access.TryLinear(segment, offset + (ulong)at, size, MemoryAccess.Write, out ulong linear)
                || !_access.TryWriteLinear(linear, size, value))
            {
                return false;
            }
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
        ulong bytes = *(ulong*)data;
        ulong marks = *(ulong*)mask;

        // The x87 unit is in MMX state even when the store faults.
        _fpu.EnterMmx();
        return TryStoreBytes(instruction, (byte*)&bytes, (byte*)&marks, 8);
    }

    private bool TryStoreBytes(in Instruction instruction)
    {
        byte* data = OperandAccess.Vector(_state, instruction.Op1Register);
        byte* mask = OperandAccess.Vector(_state, instruction.Op2Register);
        return TryStoreBytes(instruction, data, mask, 16);
    }

    /// <summary>Stores bytes to the implicit operand at DI, EDI or RDI. The segment must hold all of it, whatever the mask.</summary>
    private bool TryStoreBytes(in Instruction instruction, byte* data, byte* mask, int length)
    {
        int addressSize = instruction.Op0Kind switch { OpKind.MemorySegDI => 2, OpKind.MemorySegEDI => 4, _ => 8 };
        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        ulong offset = OperandAccess.Read(_state, GeneralRegister.Rdi, addressSize);
        return _operands.TryCheck(segment, offset, length, MemoryAccess.Write, 8)
            && TryStoreElements(data, mask, 1, length, segment, offset);
    }
}
