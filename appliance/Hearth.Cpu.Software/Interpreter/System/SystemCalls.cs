using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>
/// SYSCALL, SYSRET, SYSENTER and SYSEXIT as Intel processors have them (Intel SDM Vol. 2): SYSCALL and SYSRET only in
/// 64-bit mode, SYSENTER also there; SYSRET to a non-canonical address faults while still at level 0.
/// </summary>
internal sealed unsafe class SystemCalls
{
    private const ushort Code = SegmentAttribute.Present | SegmentAttribute.CodeOrData | SegmentAttribute.Code |
        SegmentAttribute.ReadWrite | SegmentAttribute.Accessed | SegmentAttribute.Granular;
    private const ushort Code64 = Code | SegmentAttribute.Long;
    private const ushort Code32 = Code | SegmentAttribute.Big;
    private const ushort Stack = SegmentAttribute.RealMode | SegmentAttribute.Granular | SegmentAttribute.Big;
    private const ulong ReturnFlags = Rflags.All & ~(Rflags.Resume | Rflags.Virtual8086);

    private readonly VcpuState* _state;
    private readonly DebugEvents _debug;

    public SystemCalls(VcpuState* state, DebugEvents debug)
    {
        _state = state;
        _debug = debug;
    }

    private bool IsLong => (_state->Mode & (uint)ModeFlags.Long) != 0;

    private bool IsLongMode => (_state->Efer & ControlRegister.EferLongModeActive) != 0;

    public StepResult Call(in Instruction instruction)
    {
        if (!IsLong || (_state->Efer & ControlRegister.EferSyscall) == 0)
            return PendingFault.InvalidOpcode(_state);
        _state->Gpr[1] = instruction.NextIP;
        ulong flags = Rflags.Get(_state);
        _state->Gpr[11] = flags & ~Rflags.Resume;
        Rflags.Set(_state, flags & ~(_state->SyscallMask | Rflags.Resume));

        // A kernel that masks TF is not stopped at its first instruction.
        if ((_state->SyscallMask & Rflags.Trap) != 0)
            _debug.Cancel();
        Enter((int)(_state->Star >> 32) & 0xFFFC, 0, Code64, 8, _state->Lstar);
        return StepResult.Continue;
    }

    public StepResult Return(in Instruction instruction)
    {
        if (!IsLong || (_state->Efer & ControlRegister.EferSyscall) == 0)
            return PendingFault.InvalidOpcode(_state);
        bool toLong = instruction.Code == Iced.Intel.Code.Sysretq;
        ulong target = toLong ? _state->Gpr[1] : (uint)_state->Gpr[1];
        if (_state->Cpl != 0 || !Segmentation.IsCanonical(target))
            return PendingFault.GeneralProtection(_state);
        Rflags.Set(_state, _state->Gpr[11] & ReturnFlags);
        int selector = (int)(_state->Star >> 48);
        SetSegment(SegmentName.SS, (selector + 8) | 3, Stack, 3);
        SetSegment(SegmentName.CS, (toLong ? selector + 16 : selector) | 3, toLong ? Code64 : Code32, 3);
        return Complete(3, target);
    }

    public StepResult EnterKernel()
    {
        if ((_state->Cr0 & ControlRegister.Cr0ProtectedMode) == 0 || (_state->SysenterCs & 0xFFFC) == 0)
            return PendingFault.GeneralProtection(_state);
        Rflags.Change(_state, 0, Rflags.Virtual8086 | Rflags.InterruptEnable | Rflags.Resume);
        _state->Gpr[4] = IsLongMode ? _state->SysenterEsp : (uint)_state->SysenterEsp;
        ulong target = IsLongMode ? _state->SysenterEip : (uint)_state->SysenterEip;
        Enter((int)_state->SysenterCs & 0xFFFC, 0, IsLongMode ? Code64 : Code32, 8, target);
        return StepResult.Continue;
    }

    public StepResult LeaveKernel(in Instruction instruction)
    {
        bool toLong = instruction.Code == Iced.Intel.Code.Sysexitq;
        ulong target = toLong ? _state->Gpr[2] : (uint)_state->Gpr[2];
        ulong stack = toLong ? _state->Gpr[1] : (uint)_state->Gpr[1];
        bool allowed = (_state->Cr0 & ControlRegister.Cr0ProtectedMode) != 0 && _state->Cpl == 0 &&
            (_state->SysenterCs & 0xFFFC) != 0 && Segmentation.IsCanonical(target) && Segmentation.IsCanonical(stack);
        if (!allowed)
            return PendingFault.GeneralProtection(_state);
        _state->Gpr[4] = stack;
        int selector = (int)_state->SysenterCs + (toLong ? 32 : 16);
        Enter(selector | 3, 3, toLong ? Code64 : Code32, 8, target);
        return StepResult.Continue;
    }

    private void Enter(int selector, int cpl, ushort code, int stackDistance, ulong target)
    {
        SetSegment(SegmentName.CS, selector, code, cpl);
        SetSegment(SegmentName.SS, selector + stackDistance, Stack, cpl);
        Complete(cpl, target);
    }

    private StepResult Complete(int cpl, ulong target)
    {
        _state->Cpl = (byte)cpl;
        _state->Rip = target;
        ModeState.Update(_state);
        return StepResult.Continue;
    }

    /// <summary>Nothing is read from a descriptor table: all of a flat segment is given.</summary>
    private void SetSegment(SegmentName name, int selector, ushort attributes, int dpl) =>
        Segments.Set(_state, name, new SegmentRegister(
            (ushort)selector, 0, uint.MaxValue, (ushort)(attributes | (dpl << SegmentAttribute.DplShift))));
}
