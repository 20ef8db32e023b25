using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>SWAPGS, RDFSBASE, RDGSBASE, WRFSBASE and WRGSBASE (Intel SDM Vol. 2).</summary>
internal sealed unsafe class BaseRegisters
{
    private readonly VcpuState* _state;

    public BaseRegisters(VcpuState* state) => _state = state;

    private bool IsLong => (_state->Mode & (uint)ModeFlags.Long) != 0;

    public StepResult Swap(in Instruction instruction)
    {
        if (!IsLong)
            return PendingFault.InvalidOpcode(_state);
        if (_state->Cpl != 0)
            return PendingFault.GeneralProtection(_state);
        ref ulong gs = ref _state->SegmentBase[(int)SegmentName.GS];
        (gs, _state->KernelGsBase) = (_state->KernelGsBase, gs);
        return Completion.Advance(_state, instruction);
    }

    public StepResult Read(in Instruction instruction, SegmentName name)
    {
        if (!IsLong || (_state->Cr4 & ControlRegister.Cr4FsGsBase) == 0)
            return PendingFault.InvalidOpcode(_state);
        OperandAccess.Write(_state, instruction.Op0Register, _state->SegmentBase[(int)name]);
        return Completion.Advance(_state, instruction);
    }

    public StepResult Write(in Instruction instruction, SegmentName name)
    {
        if (!IsLong || (_state->Cr4 & ControlRegister.Cr4FsGsBase) == 0)
            return PendingFault.InvalidOpcode(_state);
        ulong value = OperandAccess.Read(_state, instruction.Op0Register);
        if (!Segmentation.IsCanonical(value))
            return PendingFault.GeneralProtection(_state);
        _state->SegmentBase[(int)name] = value;
        return Completion.Advance(_state, instruction);
    }
}
