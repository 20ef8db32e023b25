namespace Hearth.Cpu.Software;

/// <summary>Events in protected and virtual-8086 mode: 16-bit and 32-bit gates, task gates (Intel SDM Vol. 3, sections 6.12 and 20.3).</summary>
internal sealed unsafe class ProtectedModeDelivery
{
    private const ulong Cleared = Rflags.Trap | Rflags.NestedTask | Rflags.Resume | Rflags.Virtual8086;

    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly DescriptorTables _tables;
    private readonly TaskState _task;
    private readonly TaskSwitch _tasks;
    private readonly StackSelector _stacks;

    public ProtectedModeDelivery(VcpuState* state, GuestAccess access, DescriptorTables tables, TaskSwitch tasks)
    {
        _state = state;
        _access = access;
        _tables = tables;
        _tasks = tasks;
        _task = new TaskState(state, access);
        _stacks = new StackSelector(state, tables);
    }

    /// <returns>False when a fault is pending.</returns>
    public bool TryDeliver(in GuestEvent one)
    {
        if (!TryReadGate(one, out Descriptor gate))
            return false;
        if (gate.Type == Descriptor.TaskGate)
            return TryEnterTask(one, gate.GateSelector);
        if (!TryReadCode(gate.GateSelector, out Descriptor code))
            return false;
        bool fromVirtual = (_state->SystemFlags & Rflags.Virtual8086) != 0;
        int cpl = code.IsConforming ? _state->Cpl : code.Dpl;
        if (fromVirtual && cpl != 0)
            return Raise(ExceptionVector.GeneralProtection, gate.GateSelector & 0xFFFCU);

        bool inner = cpl != _state->Cpl;
        SegmentRegister stackSegment = default;
        if (!TryFindStack(cpl, inner, out GuestStack stack, ref stackSegment))
            return false;
        int size = gate.Type >= Descriptor.Tss32 ? 4 : 2;
        if (!TryPushFrame(ref stack, one, size, inner, fromVirtual))
            return false;
        if (gate.GateOffset > code.Limit)
            return Raise(ExceptionVector.GeneralProtection, 0);
        if (!_tables.TrySetAccessed(gate.GateSelector, code))
            return false;

        Enter(gate, code, cpl, fromVirtual);
        if (inner)
            Segments.Set(_state, SegmentName.SS, stackSegment);
        stack.Commit();
        return true;
    }

    private bool TryReadGate(in GuestEvent one, out Descriptor gate)
    {
        gate = default;
        uint offset = one.Vector * 8U;
        if (offset + 7 > _state->IdtrLimit)
            return Raise(ExceptionVector.GeneralProtection, one.GateError);
        if (!_access.TryReadSystem((uint)(_state->IdtrBase + offset), 8, out ulong raw))
            return false;
        gate = new Descriptor(raw);
        bool known = gate.SystemType is Descriptor.TaskGate or Descriptor.InterruptGate16 or Descriptor.TrapGate16 or
            Descriptor.InterruptGate32 or Descriptor.TrapGate32;
        if (!known || (one.ChecksPrivilege && gate.Dpl < _state->Cpl))
            return Raise(ExceptionVector.GeneralProtection, one.GateError);
        return gate.IsPresent || Raise(ExceptionVector.SegmentNotPresent, one.GateError);
    }

    private bool TryEnterTask(in GuestEvent one, int selector)
    {
        if (!_tasks.TryReadTarget(selector, out Descriptor target) ||
            !_tasks.TrySwitch(selector, target, TaskSwitchCause.Call, _state->Rip))
        {
            return false;
        }

        if (!one.HasError)
            return true;
        GuestStack stack = GuestStack.Current(_state, _access);
        if (!stack.TryPush(_task.IsWide ? 4 : 2, one.Error))
            return false;
        stack.Commit();
        return true;
    }

    private bool TryReadCode(int selector, out Descriptor code)
    {
        code = default;
        uint error = (uint)selector & 0xFFFC;
        if (DescriptorTables.IsNull(selector))
            return Raise(ExceptionVector.GeneralProtection, 0);
        if (!_tables.TryRead(selector, out code))
            return false;
        if (!code.IsCode || code.Dpl > _state->Cpl)
            return Raise(ExceptionVector.GeneralProtection, error);
        return code.IsPresent || Raise(ExceptionVector.SegmentNotPresent, error);
    }

    private bool TryFindStack(int cpl, bool inner, out GuestStack stack, ref SegmentRegister segment)
    {
        stack = GuestStack.Current(_state, _access);
        if (!inner)
            return true;
        if (!_task.TryReadStack(cpl, out int selector, out ulong pointer) || !_stacks.TryLoad(selector, cpl, out segment))
            return false;
        stack = GuestStack.Outside64(_state, _access, segment, pointer, cpl);
        return true;
    }

    private bool TryPushFrame(ref GuestStack stack, in GuestEvent one, int size, bool inner, bool fromVirtual)
    {
        if (fromVirtual && !TryPushDataSegments(ref stack, size))
            return false;
        if (inner && !(stack.TryPush(size, _state->SegmentSelector[(int)SegmentName.SS]) && stack.TryPush(size, _state->Gpr[4])))
            return false;
        return stack.TryPush(size, one.Rflags) &&
            stack.TryPush(size, _state->SegmentSelector[(int)SegmentName.CS]) &&
            stack.TryPush(size, _state->Rip) &&
            (!one.HasError || stack.TryPush(size, one.Error));
    }

    private bool TryPushDataSegments(ref GuestStack stack, int size) =>
        stack.TryPush(size, _state->SegmentSelector[(int)SegmentName.GS]) &&
        stack.TryPush(size, _state->SegmentSelector[(int)SegmentName.FS]) &&
        stack.TryPush(size, _state->SegmentSelector[(int)SegmentName.DS]) &&
        stack.TryPush(size, _state->SegmentSelector[(int)SegmentName.ES]);

    private void Enter(in Descriptor gate, in Descriptor code, int cpl, bool fromVirtual)
    {
        bool isInterruptGate = gate.Type is Descriptor.InterruptGate16 or Descriptor.InterruptGate32;
        Rflags.Change(_state, 0, isInterruptGate ? Cleared | Rflags.InterruptEnable : Cleared);
        if (fromVirtual)
        {
            SegmentLoader.SetNull(_state, SegmentName.GS);
            SegmentLoader.SetNull(_state, SegmentName.FS);
            SegmentLoader.SetNull(_state, SegmentName.DS);
            SegmentLoader.SetNull(_state, SegmentName.ES);
        }

        Segments.Set(_state, SegmentName.CS, code.ToSegment((gate.GateSelector & 0xFFFC) | cpl));
        _state->Cpl = (byte)cpl;
        _state->Rip = gate.GateOffset;
    }

    private bool Raise(byte vector, uint error)
    {
        PendingFault.Set(_state, vector, error);
        return false;
    }
}
