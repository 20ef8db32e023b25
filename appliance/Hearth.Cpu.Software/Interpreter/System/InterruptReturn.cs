using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>IRET in every mode (Intel SDM Vol. 2, IRET/IRETD/IRETQ).</summary>
internal sealed unsafe class InterruptReturn
{
    private const ulong NarrowFlags = Rflags.Arithmetic | Rflags.Trap | Rflags.Direction | Rflags.NestedTask;
    private const ulong WideFlags = NarrowFlags | Rflags.Resume | Rflags.AlignmentCheck | Rflags.Identification;
    private const ulong VirtualFlags = Rflags.VirtualInterrupt | Rflags.VirtualInterruptPending;

    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly DebugEvents _debug;
    private readonly CodeTarget _code;
    private readonly OuterStack _outer;
    private readonly TaskSwitch _tasks;

    public InterruptReturn(
        VcpuState* state, GuestAccess access, DebugEvents debug, DescriptorTables tables, SegmentLoader loader, TaskSwitch tasks)
    {
        _state = state;
        _access = access;
        _debug = debug;
        _tasks = tasks;
        _code = new CodeTarget(state, tables);
        _outer = new OuterStack(state, loader);
    }

    public StepResult Execute(in Instruction instruction)
    {
        int size = instruction.Code switch { Code.Iretw => 2, Code.Iretq => 8, _ => 4 };

        // NMIs may come again even when the return itself faults (Intel SDM Vol. 3, section 6.7.1).
        _state->NmiBlocked = 0;
        if (!TryReturn(size, (uint)instruction.NextIP))
            return StepResult.Fault;
        ModeState.Update(_state);
        return StepResult.Continue;
    }

    private bool TryReturn(int size, uint next)
    {
        if ((_state->Cr0 & ControlRegister.Cr0ProtectedMode) == 0)
            return TryReal(size);
        if ((_state->SystemFlags & Rflags.Virtual8086) != 0)
            return TryVirtual(size);
        if ((_state->SystemFlags & Rflags.NestedTask) == 0)
            return TryProtected(size);
        return (_state->Efer & ControlRegister.EferLongModeActive) != 0 ? RaiseProtection() : _tasks.TryReturn(next);
    }

    private bool TryReal(int size)
    {
        ulong mask = NarrowFlags | Rflags.IoPrivilege | Rflags.InterruptEnable;
        return TryPlain(size, size == 2 ? mask : mask | WideFlags);
    }

    /// <summary>Within virtual-8086 mode; IOPL and VM stay.</summary>
    private bool TryVirtual(int size)
    {
        if (Rflags.IoPrivilegeLevel(_state) != 3)
            return RaiseProtection();
        ulong mask = NarrowFlags | Rflags.InterruptEnable;
        return TryPlain(size, size == 2 ? mask : mask | WideFlags);
    }

    private bool TryPlain(int size, ulong mask)
    {
        GuestStack stack = GuestStack.Current(_state, _access);
        if (!stack.TryPop(size, out ulong ip) || !stack.TryPop(size, out ulong selector) || !stack.TryPop(size, out ulong flags))
            return false;
        if (ip > _state->SegmentLimit[(int)SegmentName.CS])
            return RaiseProtection();
        stack.Commit();
        _state->Rip = ip;
        SegmentLoader.SetRealModeCode(_state, (ushort)selector);
        LoadFlags(flags, mask);
        return true;
    }

    private bool TryProtected(int size)
    {
        GuestStack stack = GuestStack.Current(_state, _access);
        if (!stack.TryPop(size, out ulong ip) || !stack.TryPop(size, out ulong selector) || !stack.TryPop(size, out ulong flags))
            return false;
        bool isLongMode = (_state->Efer & ControlRegister.EferLongModeActive) != 0;
        if (size == 4 && (flags & Rflags.Virtual8086) != 0 && _state->Cpl == 0 && !isLongMode)
            return TryToVirtual(ref stack, (ushort)ip, (ushort)selector, flags);
        selector &= 0xFFFF;
        if (!_code.TryReadReturn((int)selector, out Descriptor code))
            return false;

        int cpl = (int)selector & 3;
        bool fromLong = (_state->Mode & (uint)ModeFlags.Long) != 0;
        if (cpl != _state->Cpl || fromLong)
            return TryWithStack(ref stack, (int)selector, code, ip, flags, size);
        if (!_code.AllowsOffset(code, ip) || !_code.TrySetAccessed((int)selector, code))
            return false;
        ulong mask = FlagsMask(size);
        stack.Commit();
        _code.Enter((int)selector, code, cpl, ip);
        LoadFlags(flags, mask);
        return true;
    }

    /// <summary>To an outer level, or from 64-bit mode, where SS:RSP is always popped.</summary>
    private bool TryWithStack(ref GuestStack stack, int selector, in Descriptor code, ulong ip, ulong flags, int size)
    {
        int cpl = selector & 3;
        bool toLong = _code.IsLong(code);
        if (!stack.TryPop(size, out ulong pointer) || !stack.TryPop(size, out ulong stackSelector) ||
            !_outer.TryRead((ushort)stackSelector, cpl, toLong, out SegmentRegister segment) ||
            !_code.AllowsOffset(code, ip) || !_code.TrySetAccessed(selector, code))
        {
            return false;
        }

        bool isOuter = cpl != _state->Cpl;
        ulong mask = FlagsMask(size);
        _code.Enter(selector, code, cpl, ip);
        _outer.Load(segment, pointer, toLong);
        LoadFlags(flags, mask);
        if (isOuter)
            SegmentLoader.DropInnerData(_state, cpl);
        return true;
    }

    /// <summary>From level 0 to virtual-8086 mode: the frame goes on with ESP, SS, ES, DS, FS, GS.</summary>
    private bool TryToVirtual(ref GuestStack stack, ushort ip, ushort selector, ulong flags)
    {
        bool popped = stack.TryPop(4, out ulong pointer) & stack.TryPop(4, out ulong ss) & stack.TryPop(4, out ulong es) &
            stack.TryPop(4, out ulong ds) & stack.TryPop(4, out ulong fs) & stack.TryPop(4, out ulong gs);
        if (!popped)
            return false;
        LoadFlags(flags, Rflags.All);
        _state->Cpl = 3;
        _state->Rip = ip;
        _state->Gpr[4] = pointer;
        SegmentLoader.SetRealOrVirtual(_state, SegmentName.CS, selector);
        SegmentLoader.SetRealOrVirtual(_state, SegmentName.SS, (ushort)ss);
        SegmentLoader.SetRealOrVirtual(_state, SegmentName.ES, (ushort)es);
        SegmentLoader.SetRealOrVirtual(_state, SegmentName.DS, (ushort)ds);
        SegmentLoader.SetRealOrVirtual(_state, SegmentName.FS, (ushort)fs);
        SegmentLoader.SetRealOrVirtual(_state, SegmentName.GS, (ushort)gs);
        return true;
    }

    /// <summary>Which flags the running level may set by a return; looked at before CPL changes.</summary>
    private ulong FlagsMask(int size)
    {
        ulong mask = size == 2 ? NarrowFlags : WideFlags;
        if (_state->Cpl <= Rflags.IoPrivilegeLevel(_state))
            mask |= Rflags.InterruptEnable;
        if (_state->Cpl == 0)
            mask |= size == 2 ? Rflags.IoPrivilege : Rflags.IoPrivilege | VirtualFlags;
        return mask;
    }

    /// <summary>
    /// RF counts for the next instruction, and only says that no fetch breakpoint stops it. Without one it is dropped, as
    /// every return from a page fault sets it and code runs one instruction at a time while it is set. Where it does so anyway,
    /// the #DB after this very instruction shows it.
    /// </summary>
    private void LoadFlags(ulong flags, ulong mask)
    {
        bool isStepped = (_state->Mode & (uint)ModeFlags.SingleStep) != 0;
        if (!isStepped && !DebugControl.HasFetchBreakpoint(_state->DebugRegister[5]))
            flags &= ~Rflags.Resume;
        Rflags.Change(_state, flags, mask);
        _debug.KeepResume();
    }

    private bool RaiseProtection()
    {
        PendingFault.GeneralProtection(_state);
        return false;
    }
}
