namespace Hearth.Cpu.Software;

/// <summary>Events in IA-32e mode: 16-byte gates, 64-bit handlers, interrupt stacks (Intel SDM Vol. 3, section 6.14).</summary>
internal sealed unsafe class LongModeDelivery
{
    private const ulong Cleared = Rflags.Trap | Rflags.NestedTask | Rflags.Resume | Rflags.Virtual8086;

    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly DescriptorTables _tables;
    private readonly TaskState _task;

    public LongModeDelivery(VcpuState* state, GuestAccess access, DescriptorTables tables)
    {
        _state = state;
        _access = access;
        _tables = tables;
        _task = new TaskState(state, access);
    }

    /// <returns>False when a fault is pending.</returns>
    public bool TryDeliver(in GuestEvent one)
    {
        if (!TryReadGate(one, out Descriptor gate, out ulong entry) || !TryReadCode(gate.GateSelector, out Descriptor code))
            return false;
        int cpl = code.IsConforming ? _state->Cpl : code.Dpl;
        bool inner = cpl != _state->Cpl;
        if (!TryFindStack(gate.GateStack, cpl, inner, out ulong pointer))
            return false;
        if (!Segmentation.IsCanonical(entry))
            return Raise(ExceptionVector.GeneralProtection, 0);

        // The frame begins at a multiple of 16, whatever the interrupted code did to its stack (section 6.14.2).
        GuestStack stack = GuestStack.Long(_state, _access, pointer & ~15UL, cpl);
        if (!TryPushFrame(ref stack, one) || !_tables.TrySetAccessed(gate.GateSelector, code))
            return false;

        stack.Commit();
        _state->Rip = entry;
        bool isInterruptGate = gate.Type == Descriptor.InterruptGate32;
        Rflags.Change(_state, 0, isInterruptGate ? Cleared | Rflags.InterruptEnable : Cleared);
        Segments.Set(_state, SegmentName.CS, code.ToSegment((gate.GateSelector & 0xFFFC) | cpl));
        if (inner)
            SegmentLoader.SetNullStack(_state, cpl);
        _state->Cpl = (byte)cpl;
        return true;
    }

    private bool TryReadGate(in GuestEvent one, out Descriptor gate, out ulong entry)
    {
        gate = default;
        entry = 0;
        uint offset = one.Vector * 16U;
        if (offset + 15 > _state->IdtrLimit)
            return Raise(ExceptionVector.GeneralProtection, one.GateError);
        if (!_access.TryReadSystem(_state->IdtrBase + offset, 8, out ulong low) ||
            !_access.TryReadSystem(_state->IdtrBase + offset + 8, 8, out ulong high))
        {
            return false;
        }

        gate = new Descriptor(low);
        entry = gate.GateOffset | (high << 32);
        if (gate.SystemType is not (Descriptor.InterruptGate32 or Descriptor.TrapGate32))
            return Raise(ExceptionVector.GeneralProtection, one.GateError);
        if (one.ChecksPrivilege && gate.Dpl < _state->Cpl)
            return Raise(ExceptionVector.GeneralProtection, one.GateError);
        return gate.IsPresent || Raise(ExceptionVector.SegmentNotPresent, one.GateError);
    }

    private bool TryReadCode(int selector, out Descriptor code)
    {
        code = default;
        uint error = (uint)selector & 0xFFFC;
        if (DescriptorTables.IsNull(selector))
            return Raise(ExceptionVector.GeneralProtection, 0);
        if (!_tables.TryRead(selector, out code))
            return false;
        if (!code.IsCode || code.Dpl > _state->Cpl || !code.IsLong || code.IsBig)
            return Raise(ExceptionVector.GeneralProtection, error);
        return code.IsPresent || Raise(ExceptionVector.SegmentNotPresent, error);
    }

    private bool TryFindStack(int interruptStack, int cpl, bool inner, out ulong pointer)
    {
        pointer = _state->Gpr[4];
        bool found = true;
        if (interruptStack != 0)
            found = _task.TryReadInterruptStack(interruptStack, out pointer);
        else if (inner)
            found = _task.TryReadPrivilegeStack(cpl, out pointer);
        if (!found)
            return false;
        return Segmentation.IsCanonical(pointer) || Raise(ExceptionVector.StackFault, 0);
    }

    private bool TryPushFrame(ref GuestStack stack, in GuestEvent one) =>
        stack.TryPush(8, _state->SegmentSelector[(int)SegmentName.SS]) &&
        stack.TryPush(8, _state->Gpr[4]) &&
        stack.TryPush(8, one.Rflags) &&
        stack.TryPush(8, _state->SegmentSelector[(int)SegmentName.CS]) &&
        stack.TryPush(8, _state->Rip) &&
        (!one.HasError || stack.TryPush(8, one.Error));

    private bool Raise(byte vector, uint error)
    {
        PendingFault.Set(_state, vector, error);
        return false;
    }
}
