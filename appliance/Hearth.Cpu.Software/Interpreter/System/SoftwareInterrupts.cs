using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>INT n, INT3, INTO and INT1 (Intel SDM Vol. 2, INT).</summary>
internal sealed unsafe class SoftwareInterrupts
{
    private readonly VcpuState* _state;
    private readonly EventDelivery _events;

    public SoftwareInterrupts(VcpuState* state, EventDelivery events)
    {
        _state = state;
        _events = events;
    }

    public StepResult Execute(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Int3:
                return Deliver(instruction, EventKind.SoftwareInterrupt, ExceptionVector.Breakpoint);
            case Mnemonic.Into when (_state->ArithmeticFlags & Rflags.Overflow) == 0:
                return Completion.Advance(_state, instruction);
            case Mnemonic.Into:
                return Deliver(instruction, EventKind.SoftwareInterrupt, ExceptionVector.Overflow);
            case Mnemonic.Int1:
                _state->FaultAddress = 0;
                return Deliver(instruction, EventKind.Fault, ExceptionVector.Debug);
            default:
                break;
        }

        // Only INT n looks at IOPL in virtual-8086 mode; INT3 and INTO reach the monitor by themselves.
        bool isVirtual = (_state->SystemFlags & Rflags.Virtual8086) != 0;
        if (isVirtual && Rflags.IoPrivilegeLevel(_state) != 3)
            return PendingFault.GeneralProtection(_state);
        return Deliver(instruction, EventKind.SoftwareInterrupt, instruction.Immediate8);
    }

    private StepResult Deliver(in Instruction instruction, EventKind kind, byte vector)
    {
        ulong start = _state->Rip;
        ushort task = _state->SegmentSelector[(int)SegmentName.Tr];
        Completion.Advance(_state, instruction);
        StepResult result = _events.Deliver(kind, vector, hasError: false, 0);

        // What went wrong on the way is a fault of this instruction, unless a task gate has led to another task already.
        if (result == StepResult.Fault && _state->SegmentSelector[(int)SegmentName.Tr] == task)
            _state->Rip = start;
        return result;
    }
}
