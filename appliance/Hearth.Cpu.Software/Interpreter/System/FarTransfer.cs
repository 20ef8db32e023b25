using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Far JMP and CALL: code segments, call gates, task gates, task-state segments (Intel SDM Vol. 2, CALL and JMP).</summary>
internal sealed unsafe class FarTransfer
{
    private const uint ModeMask = (uint)(ModeFlags.Protected | ModeFlags.Virtual8086);

    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly GuestOperands _operands;
    private readonly DescriptorTables _tables;
    private readonly CodeTarget _code;
    private readonly TaskSwitch _tasks;
    private readonly CallGate _gate;

    public FarTransfer(VcpuState* state, GuestAccess access, GuestOperands operands, DescriptorTables tables, TaskSwitch tasks)
    {
        _state = state;
        _access = access;
        _operands = operands;
        _tables = tables;
        _tasks = tasks;
        _code = new CodeTarget(state, tables);
        _gate = new CallGate(state, access, tables, _code);
    }

    public StepResult Execute(in Instruction instruction)
    {
        int size = SizeOf(instruction.Code);
        bool isCall = instruction.Mnemonic == Mnemonic.Call;
        if (!TryReadTarget(instruction, size, out ulong offset, out int selector))
            return StepResult.Fault;
        ulong next = (_state->Mode & (uint)ModeFlags.Long) != 0 ? instruction.NextIP : (uint)instruction.NextIP;
        bool done = (_state->Mode & ModeMask) == (uint)ModeFlags.Protected
            ? TryProtected(selector, offset, size, isCall, next)
            : TryReal((ushort)selector, offset, size, isCall, next);
        if (!done)
            return StepResult.Fault;
        ModeState.Update(_state);
        return StepResult.Continue;
    }

    private bool TryReadTarget(in Instruction instruction, int size, out ulong offset, out int selector)
    {
        offset = instruction.Op0Kind == OpKind.FarBranch16 ? instruction.FarBranch16 : instruction.FarBranch32;
        selector = instruction.FarBranchSelector;
        if (instruction.Op0Kind != OpKind.Memory)
            return true;
        bool read = _operands.TryReadMemory(instruction, 0, size, out offset) &
            _operands.TryReadMemory(instruction, size, 2, out ulong word);
        selector = (int)word;
        return read;
    }

    private bool TryReal(ushort selector, ulong offset, int size, bool isCall, ulong next)
    {
        if (offset > _state->SegmentLimit[(int)SegmentName.CS])
            return Raise(ExceptionVector.GeneralProtection, 0);
        GuestStack stack = GuestStack.Current(_state, _access);
        if (isCall && !TryPushReturn(ref stack, size, next))
            return false;
        stack.Commit();
        SegmentLoader.SetRealModeCode(_state, selector);
        _state->Rip = offset;
        return true;
    }

    private bool TryProtected(int selector, ulong offset, int size, bool isCall, ulong next)
    {
        if (DescriptorTables.IsNull(selector))
            return Raise(ExceptionVector.GeneralProtection, 0);
        if (!_tables.TryRead(selector, out Descriptor descriptor))
            return false;
        if (descriptor.IsCodeOrData)
            return TryDirect(selector, descriptor, offset, size, isCall, next);
        if (!AllowsSystem(selector, descriptor))
            return false;
        return descriptor.SystemType switch
        {
            Descriptor.CallGate16 or Descriptor.CallGate32 => _gate.TryEnter(selector, descriptor, isCall, next),
            Descriptor.TaskGate => TryTaskGate(descriptor, isCall, next),
            _ => _tasks.TrySwitch(selector, descriptor, CauseOf(isCall), next),
        };
    }

    private bool TryDirect(int selector, in Descriptor code, ulong offset, int size, bool isCall, ulong next)
    {
        if (!code.IsCode)
            return Raise(ExceptionVector.GeneralProtection, selector);
        if (!_code.AllowsDirect(selector, code))
            return false;
        GuestStack stack = GuestStack.Current(_state, _access);
        if ((isCall && !TryPushReturn(ref stack, size, next)) || !_code.AllowsOffset(code, offset) ||
            !_code.TrySetAccessed(selector, code))
        {
            return false;
        }

        stack.Commit();
        _code.Enter(selector, code, _state->Cpl, offset);
        return true;
    }

    private bool AllowsSystem(int selector, in Descriptor descriptor)
    {
        bool isLongMode = (_state->Efer & ControlRegister.EferLongModeActive) != 0;
        bool known = descriptor.SystemType switch
        {
            Descriptor.CallGate32 => true,
            Descriptor.CallGate16 or Descriptor.TaskGate or Descriptor.Tss16 or Descriptor.Tss32 => !isLongMode,
            _ => false,
        };
        if (!known || descriptor.Dpl < Math.Max(_state->Cpl, selector & 3))
            return Raise(ExceptionVector.GeneralProtection, selector);
        return descriptor.IsPresent || Raise(ExceptionVector.SegmentNotPresent, selector);
    }

    private bool TryTaskGate(in Descriptor gate, bool isCall, ulong next) =>
        _tasks.TryReadTarget(gate.GateSelector, out Descriptor target) &&
        _tasks.TrySwitch(gate.GateSelector, target, CauseOf(isCall), next);

    private bool TryPushReturn(ref GuestStack stack, int size, ulong next) =>
        stack.TryPush(size, _state->SegmentSelector[(int)SegmentName.CS]) && stack.TryPush(size, next);

    private static TaskSwitchCause CauseOf(bool isCall) => isCall ? TaskSwitchCause.Call : TaskSwitchCause.Jump;

    private static int SizeOf(Code code) => code switch
    {
        Code.Call_ptr1616 or Code.Jmp_ptr1616 or Code.Call_m1616 or Code.Jmp_m1616 => 2,
        Code.Call_m1664 or Code.Jmp_m1664 => 8,
        _ => 4,
    };

    private bool Raise(byte vector, int selector)
    {
        PendingFault.Set(_state, vector, (uint)selector & 0xFFFC);
        return false;
    }
}
