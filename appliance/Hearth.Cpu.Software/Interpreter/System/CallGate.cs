namespace Hearth.Cpu.Software;

/// <summary>Transfers through a call gate, with a change of stack where it leads inward (Intel SDM Vol. 3, sections 5.8.3 to 5.8.5).</summary>
internal sealed unsafe class CallGate
{
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly DescriptorTables _tables;
    private readonly CodeTarget _code;
    private readonly TaskState _task;
    private readonly StackSelector _stacks;

    public CallGate(VcpuState* state, GuestAccess access, DescriptorTables tables, CodeTarget code)
    {
        _state = state;
        _access = access;
        _tables = tables;
        _code = code;
        _task = new TaskState(state, access);
        _stacks = new StackSelector(state, tables);
    }

    private bool IsLongMode => (_state->Efer & ControlRegister.EferLongModeActive) != 0;

    /// <param name="selector">Of the gate, which is present and within the caller's reach.</param>
    /// <returns>False when a fault is pending.</returns>
    public bool TryEnter(int selector, in Descriptor gate, bool isCall, ulong next)
    {
        ulong entry = gate.GateOffset;
        if (IsLongMode)
        {
            if (!_tables.TryReadUpper(selector, out uint upper))
                return false;
            entry |= (ulong)upper << 32;
        }

        int target = gate.GateSelector;
        if (!_code.TryReadGateTarget(target, isCall, out Descriptor code))
            return false;
        int cpl = isCall && !code.IsConforming ? code.Dpl : _state->Cpl;
        int size = IsLongMode ? 8 : gate.Type == Descriptor.CallGate32 ? 4 : 2;
        if (cpl != _state->Cpl)
            return TryEnterInner(gate, code, cpl, size, entry, next);

        GuestStack stack = GuestStack.Current(_state, _access);
        if ((isCall && !TryPushReturn(ref stack, size, next)) || !_code.AllowsOffset(code, entry) ||
            !_code.TrySetAccessed(target, code))
        {
            return false;
        }

        stack.Commit();
        _code.Enter(target, code, cpl, entry);
        return true;
    }

    private bool TryEnterInner(in Descriptor gate, in Descriptor code, int cpl, int size, ulong entry, ulong next)
    {
        SegmentRegister segment = default;
        GuestStack stack;
        if (IsLongMode)
        {
            if (!_task.TryReadPrivilegeStack(cpl, out ulong pointer))
                return false;
            stack = GuestStack.Long(_state, _access, pointer, cpl);
        }
        else
        {
            if (!_task.TryReadStack(cpl, out int selector, out ulong pointer) || !_stacks.TryLoad(selector, cpl, out segment))
                return false;
            stack = GuestStack.Outside64(_state, _access, segment, pointer, cpl);
        }

        bool pushed = stack.TryPush(size, _state->SegmentSelector[(int)SegmentName.SS]) && stack.TryPush(size, _state->Gpr[4]) &&
            (IsLongMode || TryCopyParameters(ref stack, gate.GateParameters, size)) && TryPushReturn(ref stack, size, next);
        if (!pushed || !_code.AllowsOffset(code, entry) || !_code.TrySetAccessed(gate.GateSelector, code))
            return false;

        _code.Enter(gate.GateSelector, code, cpl, entry);
        if (IsLongMode)
            SegmentLoader.SetNullStack(_state, cpl);
        else
            Segments.Set(_state, SegmentName.SS, segment);
        stack.Commit();
        return true;
    }

    /// <summary>Copies the caller's arguments, the last first, so that they stand in the same order.</summary>
    private bool TryCopyParameters(ref GuestStack stack, int count, int size)
    {
        GuestStack old = GuestStack.Current(_state, _access);
        for (int i = count - 1; i >= 0; i--)
        {
            if (!old.TryPeek(i * size, size, out ulong value) || !stack.TryPush(size, value))
                return false;
        }

        return true;
    }

    private bool TryPushReturn(ref GuestStack stack, int size, ulong next) =>
        stack.TryPush(size, _state->SegmentSelector[(int)SegmentName.CS]) && stack.TryPush(size, next);
}
