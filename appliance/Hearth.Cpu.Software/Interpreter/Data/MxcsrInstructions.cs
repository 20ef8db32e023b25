using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>LDMXCSR, STMXCSR and their VEX forms (Intel SDM Vol. 2).</summary>
internal sealed unsafe class MxcsrInstructions
{
    // SAFETY: the state block outlives the interpreter.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly FeatureGate _gate;

    public MxcsrInstructions(VcpuState* state, GuestAccess access, FeatureGate gate)
    {
        _state = state;
        _access = access;
        _gate = gate;
    }

    public StepResult Execute(in Instruction instruction)
    {
        bool isVex = instruction.Code is Code.VEX_Vldmxcsr_m32 or Code.VEX_Vstmxcsr_m32;
        bool loads = instruction.Code is Code.Ldmxcsr_m32 or Code.VEX_Vldmxcsr_m32;
        if (isVex ? !_gate.TryAvx() : !_gate.TrySse())
            return StepResult.Fault;

        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        ulong offset = EffectiveAddress.Offset(_state, instruction);
        if (!loads)
            return _access.TryWrite(segment, offset, 4, _state->Mxcsr) ? Completion.Advance(_state, instruction) : StepResult.Fault;

        if (!_access.TryRead(segment, offset, 4, out ulong value))
            return StepResult.Fault;
        if (!Mxcsr.IsValid((uint)value))
            return PendingFault.GeneralProtection(_state);
        _state->Mxcsr = (uint)value;
        return Completion.Advance(_state, instruction);
    }
}
