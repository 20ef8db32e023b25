using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>MOV to and from debug registers (Intel SDM Vol. 3, section 17.2).</summary>
internal sealed unsafe class DebugRegisterMoves
{
    private readonly VcpuState* _state;
    private readonly Mmu _mmu;

    public DebugRegisterMoves(VcpuState* state, Mmu mmu)
    {
        _state = state;
        _mmu = mmu;
    }

    public StepResult Read(in Instruction instruction)
    {
        if (!TryBegin(instruction.Op1Register - Register.DR0, out int index))
            return StepResult.Fault;
        OperandAccess.Write(_state, instruction.Op0Register, _state->DebugRegister[index]);
        return Completion.Advance(_state, instruction);
    }

    public StepResult Write(in Instruction instruction)
    {
        if (!TryBegin(instruction.Op0Register - Register.DR0, out int index))
            return StepResult.Fault;
        ulong value = OperandAccess.Read(_state, instruction.Op1Register);
        if (index >= 4 && value >> 32 != 0)
            return PendingFault.GeneralProtection(_state);
        _state->DebugRegister[index] = index switch
        {
            4 => (value & DebugControl.Dr6Writable) | DebugControl.Dr6Fixed,
            5 => (value & DebugControl.Dr7Writable) | DebugControl.Dr7Fixed,
            _ => value,
        };

        // Pages that a data breakpoint watches must not stay in the soft TLB.
        if (index != 4)
            _mmu.Flush();
        ModeState.Update(_state);
        return Completion.Advance(_state, instruction);
    }

    /// <param name="number">0–7; DR4 and DR5 are DR6 and DR7 unless CR4.DE is set.</param>
    /// <param name="index">Into <see cref="VcpuState.DebugRegister"/>.</param>
    private bool TryBegin(int number, out int index)
    {
        index = number >= 6 ? number - 2 : number;
        if (_state->Cpl != 0)
            PendingFault.GeneralProtection(_state);
        else if (number is 4 or 5 && (_state->Cr4 & ControlRegister.Cr4DebuggingExtensions) != 0)
            PendingFault.InvalidOpcode(_state);
        else if ((_state->DebugRegister[5] & DebugControl.Dr7GeneralDetect) != 0)
            RaiseGeneralDetect();
        else
            return (uint)index < 6;
        return false;
    }

    private void RaiseGeneralDetect()
    {
        PendingFault.Set(_state, ExceptionVector.Debug);
        _state->FaultAddress = DebugControl.GeneralDetect;
    }
}
