using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>CLI, STI, CLAC, STAC, PUSHF and POPF. VME and PVI are not promised, so IOPL alone decides.</summary>
internal sealed unsafe class FlagInstructions
{
    private const ulong NarrowPop = Rflags.Arithmetic | Rflags.Trap | Rflags.Direction | Rflags.NestedTask;
    private const ulong WidePop = NarrowPop | Rflags.AlignmentCheck | Rflags.Identification;

    private readonly VcpuState* _state;
    private readonly GuestAccess _access;

    public FlagInstructions(VcpuState* state, GuestAccess access)
    {
        _state = state;
        _access = access;
    }

    private bool IsVirtual => (_state->SystemFlags & Rflags.Virtual8086) != 0;

    public StepResult ClearInterrupt(in Instruction instruction)
    {
        if (_state->Cpl > Rflags.IoPrivilegeLevel(_state))
            return PendingFault.GeneralProtection(_state);
        _state->InterruptEnable = 0;
        return Completion.Advance(_state, instruction);
    }

    public StepResult SetInterrupt(in Instruction instruction)
    {
        if (_state->Cpl > Rflags.IoPrivilegeLevel(_state))
            return PendingFault.GeneralProtection(_state);
        if (_state->InterruptEnable == 0)
            _state->InterruptShadow = 1;
        _state->InterruptEnable = 1;
        return Completion.Advance(_state, instruction);
    }

    /// <summary>CLAC and STAC.</summary>
    public StepResult ChangeAlignmentCheck(in Instruction instruction, bool set)
    {
        if (_state->Cpl != 0)
            return PendingFault.InvalidOpcode(_state);
        Rflags.Change(_state, set ? Rflags.AlignmentCheck : 0, Rflags.AlignmentCheck);
        ModeState.Update(_state);
        return Completion.Advance(_state, instruction);
    }

    public StepResult Push(in Instruction instruction)
    {
        if (IsVirtual && Rflags.IoPrivilegeLevel(_state) != 3)
            return PendingFault.GeneralProtection(_state);
        GuestStack stack = GuestStack.Current(_state, _access);
        if (!stack.TryPush(SizeOf(instruction.Code), Rflags.Get(_state) & ~(Rflags.Resume | Rflags.Virtual8086)))
            return StepResult.Fault;
        stack.Commit();
        return Completion.Advance(_state, instruction);
    }

    public StepResult Pop(in Instruction instruction)
    {
        int level = Rflags.IoPrivilegeLevel(_state);
        if (IsVirtual && level != 3)
            return PendingFault.GeneralProtection(_state);
        int size = SizeOf(instruction.Code);
        GuestStack stack = GuestStack.Current(_state, _access);
        if (!stack.TryPop(size, out ulong flags))
            return StepResult.Fault;

        ulong mask = size == 2 ? NarrowPop : WidePop;
        if (_state->Cpl <= level)
            mask |= Rflags.InterruptEnable;
        if (_state->Cpl == 0)
            mask |= Rflags.IoPrivilege;
        stack.Commit();
        Rflags.Change(_state, flags, mask);
        _state->SystemFlags &= ~Rflags.Resume;
        ModeState.Update(_state);
        return Completion.Advance(_state, instruction);
    }

    private static int SizeOf(Code code) => code switch
    {
        Code.Pushfw or Code.Popfw => 2,
        Code.Pushfq or Code.Popfq => 8,
        _ => 4,
    };
}
