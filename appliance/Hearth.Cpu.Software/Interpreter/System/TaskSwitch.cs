namespace Hearth.Cpu.Software;

/// <summary>Hardware task switches (Intel SDM Vol. 3, section 7.3).</summary>
/// <remarks>
/// What can fault is checked first, as far as the architecture lets it: from the moment TR names the new task on, faults
/// belong to the new task.
/// </remarks>
internal sealed unsafe class TaskSwitch
{
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly Mmu _mmu;
    private readonly DebugEvents _debug;
    private readonly DescriptorTables _tables;
    private readonly TaskImage _image;
    private readonly TaskSegments _segments;

    public TaskSwitch(VcpuState* state, GuestAccess access, Mmu mmu, DebugEvents debug)
    {
        _state = state;
        _access = access;
        _mmu = mmu;
        _debug = debug;
        _tables = new DescriptorTables(state, access);
        _image = new TaskImage(state, access);
        _segments = new TaskSegments(state, _tables);
    }

    /// <summary>Reads the TSS descriptor that a task gate names.</summary>
    /// <returns>False when #GP or #NP is pending.</returns>
    public bool TryReadTarget(int selector, out Descriptor target)
    {
        target = default;
        uint error = (uint)selector & 0xFFFC;
        if ((selector & 4) != 0 || DescriptorTables.IsNull(selector))
            return Raise(ExceptionVector.GeneralProtection, error);
        if (!_tables.TryRead(selector, out target))
            return false;
        if (target.SystemType is not (Descriptor.Tss16 or Descriptor.Tss32))
            return Raise(ExceptionVector.GeneralProtection, error);
        return target.IsPresent || Raise(ExceptionVector.SegmentNotPresent, error);
    }

    /// <summary>IRET with NT set: back to the task that the link names.</summary>
    /// <returns>False when a fault is pending.</returns>
    public bool TryReturn(ulong nextRip)
    {
        if (!_access.TryReadSystem(_state->TrBase, 2, out ulong link))
            return false;
        int selector = (int)link;
        uint error = (uint)selector & 0xFFFC;
        if ((selector & 4) != 0 || DescriptorTables.IsNull(selector))
            return Raise(ExceptionVector.InvalidTss, error);
        if (!_tables.TryRead(selector, out Descriptor target, ExceptionVector.InvalidTss))
            return false;
        if (target.SystemType is not (Descriptor.Tss16Busy or Descriptor.Tss32Busy))
            return Raise(ExceptionVector.InvalidTss, error);
        if (!target.IsPresent)
            return Raise(ExceptionVector.SegmentNotPresent, error);
        return TrySwitch(selector, target, TaskSwitchCause.Return, nextRip);
    }

    /// <param name="target">The TSS descriptor, present and of the right type for the cause.</param>
    /// <param name="nextRip">Where the old task will go on.</param>
    /// <returns>False when a fault is pending: of the old task, or, once TR has changed, of the new one.</returns>
    public bool TrySwitch(int selector, in Descriptor target, TaskSwitchCause cause, ulong nextRip)
    {
        bool wide = target.Type >= Descriptor.Tss32;
        if (target.Limit < TaskImage.LastByte(wide))
            return Raise(ExceptionVector.InvalidTss, (uint)selector & 0xFFFC);
        SegmentRegister old = Segments.Get(_state, SegmentName.Tr);
        bool oldWide = (old.Attributes & SegmentAttribute.Code) != 0;
        if (!_image.TryProbe(old.Base, oldWide, MemoryAccess.Write) || !_image.TryProbe(target.Base, wide, MemoryAccess.Write) ||
            !_image.TryRead(target.Base, wide, out TaskRegisters registers))
        {
            return false;
        }

        ulong flags = Rflags.Get(_state);
        if (cause == TaskSwitchCause.Return)
            flags &= ~Rflags.NestedTask;
        if ((cause != TaskSwitchCause.Call && !_tables.TrySetBusy(old.Selector, busy: false)) ||
            !_image.TryWrite(old.Base, oldWide, nextRip, flags) ||
            !TryLink(target, cause, old.Selector) ||
            (cause != TaskSwitchCause.Return && !_tables.TrySetBusy(selector, busy: true)))
        {
            return false;
        }

        if (cause == TaskSwitchCause.Call)
            registers.Flags |= Rflags.NestedTask;
        Commit(selector, target, registers, wide);
        return _segments.TryLoad(registers) && TryFinish(wide, registers);
    }

    private bool TryLink(in Descriptor target, TaskSwitchCause cause, ushort oldSelector) =>
        cause != TaskSwitchCause.Call || _access.TryWriteSystem(target.Base, 2, oldSelector);

    private void Commit(int selector, in Descriptor target, in TaskRegisters registers, bool wide)
    {
        SegmentRegister task = target.ToSegment(selector);
        Segments.Set(_state, SegmentName.Tr, task with { Attributes = (ushort)(task.Attributes | Descriptor.BusyBit) });
        _state->Cr0 |= ControlRegister.Cr0TaskSwitched;
        _state->DebugRegister[5] &= ~DebugControl.Dr7LocalEnables;
        if (wide && (_state->Cr0 & ControlRegister.Cr0Paging) != 0)
        {
            _state->Cr3 = registers.Cr3;
            _mmu.FlushNonGlobal();
        }

        // "Modified and not maintained" (section 7.6), and the 80386 sets them; nothing of the old task may show.
        const ulong UpperWord = 0xFFFF_0000;
        for (int i = 0; i < 8; i++)
            _state->Gpr[i] = wide ? registers.General[i] : UpperWord | registers.General[i];
        _state->Rip = registers.Ip;
        Rflags.Set(_state, registers.Flags);
        _debug.Cancel();
        _debug.KeepResume();
    }

    private bool TryFinish(bool wide, in TaskRegisters registers)
    {
        ModeState.Update(_state);
        if (_state->Rip > _state->SegmentLimit[(int)SegmentName.CS])
            return Raise(ExceptionVector.GeneralProtection, 0);
        if (wide && (registers.TrapWord & 1) != 0)
            _debug.NoteTaskSwitch();
        return true;
    }

    private bool Raise(byte vector, uint error)
    {
        PendingFault.Set(_state, vector, error);
        return false;
    }
}
