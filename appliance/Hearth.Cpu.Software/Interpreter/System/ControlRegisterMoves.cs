using Hearth.Machine;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>MOV to and from CR0–CR8, CLTS, LMSW, SMSW, XSETBV and XGETBV (Intel SDM Vol. 3, section 2.5).</summary>
internal sealed unsafe class ControlRegisterMoves
{
    private readonly VcpuState* _state;
    private readonly GuestOperands _operands;
    private readonly ControlRegisterWrites _writes;

    public ControlRegisterMoves(VcpuState* state, GuestOperands operands, ControlRegisterWrites writes)
    {
        _state = state;
        _operands = operands;
        _writes = writes;
    }

    /// <summary>CR8 is the task priority of this APIC.</summary>
    public ILocalApic? Apic { get; set; }

    public StepResult Write(in Instruction instruction)
    {
        if (_state->Cpl != 0)
            return PendingFault.GeneralProtection(_state);
        ulong value = OperandAccess.Read(_state, instruction.Op1Register);
        StepResult result = instruction.Op0Register switch
        {
            Register.CR0 => _writes.WriteCr0(value),
            Register.CR2 => WriteCr2(value),
            Register.CR3 => _writes.WriteCr3(value),
            Register.CR4 => _writes.WriteCr4(value),
            Register.CR8 => WriteCr8(value),
            _ => PendingFault.InvalidOpcode(_state),
        };
        return result == StepResult.Continue ? Completion.Advance(_state, instruction) : result;
    }

    public StepResult Read(in Instruction instruction)
    {
        if (_state->Cpl != 0)
            return PendingFault.GeneralProtection(_state);
        ulong value;
        switch (instruction.Op1Register)
        {
            case Register.CR0:
                value = _state->Cr0;
                break;
            case Register.CR2:
                value = _state->Cr2;
                break;
            case Register.CR3:
                value = _state->Cr3;
                break;
            case Register.CR4:
                value = _state->Cr4;
                break;
            case Register.CR8:
                value = Apic?.TaskPriorityClass ?? 0;
                break;
            default:
                return PendingFault.InvalidOpcode(_state);
        }

        OperandAccess.Write(_state, instruction.Op0Register, value);
        return Completion.Advance(_state, instruction);
    }

    public StepResult ClearTaskSwitched(in Instruction instruction)
    {
        if (_state->Cpl != 0)
            return PendingFault.GeneralProtection(_state);
        _state->Cr0 &= ~ControlRegister.Cr0TaskSwitched;
        ModeState.Update(_state);
        return Completion.Advance(_state, instruction);
    }

    /// <summary>LMSW: bits 0–3 of CR0; PE can be set, not cleared.</summary>
    public StepResult LoadStatusWord(in Instruction instruction)
    {
        if (_state->Cpl != 0)
            return PendingFault.GeneralProtection(_state);
        if (!_operands.TryRead(instruction, 0, 2, out ulong value))
            return StepResult.Fault;
        ulong sticky = _state->Cr0 & ControlRegister.Cr0ProtectedMode;
        StepResult result = _writes.WriteCr0((_state->Cr0 & ~0xFUL) | (value & 0xF) | sticky);
        return result == StepResult.Continue ? Completion.Advance(_state, instruction) : result;
    }

    /// <summary>SMSW: 16 bits to memory, the whole register to a register.</summary>
    public StepResult StoreStatusWord(in Instruction instruction)
    {
        if (_state->Cpl != 0 && (_state->Cr4 & ControlRegister.Cr4Umip) != 0)
            return PendingFault.GeneralProtection(_state);
        return _operands.TryWrite(instruction, 0, 2, _state->Cr0) ? Completion.Advance(_state, instruction) : StepResult.Fault;
    }

    public StepResult WriteExtendedControl(in Instruction instruction)
    {
        if ((_state->Cr4 & ControlRegister.Cr4OsXsave) == 0)
            return PendingFault.InvalidOpcode(_state);
        ulong value = (uint)_state->Gpr[0] | (_state->Gpr[2] << 32);
        if (_state->Cpl != 0 || (uint)_state->Gpr[1] != 0 || !_writes.TryWriteXcr0(value))
            return PendingFault.GeneralProtection(_state);
        return Completion.Advance(_state, instruction);
    }

    public StepResult ReadExtendedControl(in Instruction instruction)
    {
        if ((_state->Cr4 & ControlRegister.Cr4OsXsave) == 0)
            return PendingFault.InvalidOpcode(_state);
        if ((uint)_state->Gpr[1] != 0)
            return PendingFault.GeneralProtection(_state);
        _state->Gpr[0] = (uint)_state->Xcr0;
        _state->Gpr[2] = _state->Xcr0 >> 32;
        return Completion.Advance(_state, instruction);
    }

    private StepResult WriteCr2(ulong value)
    {
        _state->Cr2 = value;
        return StepResult.Continue;
    }

    private StepResult WriteCr8(ulong value)
    {
        if (value > 15)
            return PendingFault.GeneralProtection(_state);
        if (Apic is not null)
            Apic.TaskPriorityClass = (uint)value;
        return StepResult.Continue;
    }
}
