using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>INVLPG and INVPCID (Intel SDM Vol. 3, section 4.10.4).</summary>
internal sealed unsafe class PagingInstructions
{
    private readonly VcpuState* _state;
    private readonly GuestOperands _operands;
    private readonly Mmu _mmu;

    public PagingInstructions(VcpuState* state, GuestOperands operands, Mmu mmu)
    {
        _state = state;
        _operands = operands;
        _mmu = mmu;
    }

    public StepResult InvalidatePage(in Instruction instruction)
    {
        if (_state->Cpl != 0)
            return PendingFault.GeneralProtection(_state);

        // The operand is an address like LEA's, with the segment base but without its checks; not canonical means nothing to do.
        SegmentName segment = EffectiveAddress.Segment(_state, instruction);
        ulong linear = EffectiveAddress.Offset(_state, instruction);
        bool isLong = (_state->Mode & (uint)ModeFlags.Long) != 0;
        if (!isLong || segment is SegmentName.FS or SegmentName.GS)
            linear += _state->SegmentBase[(int)segment];
        _mmu.FlushPage(isLong ? linear : (uint)linear);
        return Completion.Advance(_state, instruction);
    }

    public StepResult InvalidateContext(in Instruction instruction)
    {
        if (_state->Cpl != 0)
            return PendingFault.GeneralProtection(_state);
        if (!_operands.TryReadMemory(instruction, 0, 8, out ulong context) ||
            !_operands.TryReadMemory(instruction, 8, 8, out ulong linear))
        {
            return StepResult.Fault;
        }

        ulong type = OperandAccess.Read(_state, instruction.Op0Register);
        bool namesContext = type < 2 && context != 0 && (_state->Cr4 & ControlRegister.Cr4Pcid) == 0;
        if (type > 3 || context > 0xFFF || namesContext || (type == 0 && !Segmentation.IsCanonical(linear)))
            return PendingFault.GeneralProtection(_state);
        switch (type)
        {
            case 0:
                _mmu.FlushPage(linear);
                break;
            case 2:
                _mmu.Flush();
                break;
            default:
                _mmu.FlushNonGlobal();
                break;
        }

        return Completion.Advance(_state, instruction);
    }
}
