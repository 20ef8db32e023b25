using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>
/// FXSAVE and FXRSTOR (Intel SDM Vol. 1, section 10.5). The 32-bit and 64-bit forms differ only in pointers, which are zero.
/// </summary>
internal sealed unsafe class FxsaveInstructions
{
    private const int AreaLength = 512;
    private const int MxcsrOffset = 24;
    private const int MaskOffset = 28;
    private const int XmmOffset = 160;

    // SAFETY: the state block outlives the interpreter; all offsets lie within the 512-byte area.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly WideOperands _operands;
    private readonly GuestFpu _fpu;
    private readonly FeatureGate _gate;

    public FxsaveInstructions(VcpuState* state, GuestAccess access, WideOperands operands, GuestFpu fpu, FeatureGate gate)
    {
        _state = state;
        _access = access;
        _operands = operands;
        _fpu = fpu;
        _gate = gate;
    }

    public StepResult Execute(in Instruction instruction)
    {
        if (!_gate.TryX87())
            return StepResult.Fault;
        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        ulong offset = EffectiveAddress.Offset(_state, instruction);
        bool stores = instruction.Code is Code.Fxsave_m512byte or Code.Fxsave64_m512byte;
        MemoryAccess access = stores ? MemoryAccess.Write : MemoryAccess.Read;
        if (!_operands.TryRequire(segment, offset, AreaLength, access, 16))
            return StepResult.Fault;

        _fpu.Claim();
        bool done = stores ? TryStore(segment, offset) : TryLoad(segment, offset);
        return done ? Completion.Advance(_state, instruction) : StepResult.Fault;
    }

    private int Registers => (_state->Mode & (uint)ModeFlags.Long) != 0 ? 16 : 8;

    private bool TryStore(SegmentName segment, ulong offset)
    {
        // What follows the last register stays as it is in memory, but must be writable.
        if (!_operands.TryProbeWrite(segment, offset, AreaLength))
            return false;
        byte* area = stackalloc byte[AreaLength];
        _fpu.Store(area);
        *(uint*)(area + MxcsrOffset) = _state->Mxcsr;
        *(uint*)(area + MaskOffset) = Mxcsr.Mask;
        VectorFile.StoreHalves(_state, upper: false, Registers, area + XmmOffset);
        return _access.TryWriteBytes(segment, offset, new ReadOnlySpan<byte>(area, XmmOffset + (Registers * 16)));
    }

    private bool TryLoad(SegmentName segment, ulong offset)
    {
        byte* area = stackalloc byte[AreaLength];
        if (!_access.TryReadBytes(segment, offset, new Span<byte>(area, AreaLength)))
            return false;
        uint mxcsr = *(uint*)(area + MxcsrOffset);
        if (!Mxcsr.IsValid(mxcsr))
        {
            PendingFault.GeneralProtection(_state);
            return false;
        }

        _fpu.Load(area);
        _state->Mxcsr = mxcsr;
        VectorFile.LoadHalves(_state, upper: false, Registers, area + XmmOffset);
        return true;
    }
}
