namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class InterruptReturnTests
{
    [Fact]
    public void Iretq_returns_to_user_mode()
    {
        using SystemMachine machine = SystemMachine.Long();
        PushFrame(machine, 8, 0x1234, SystemMachine.UserCode64, 0x202, 0x2_1000, SystemMachine.UserData);
        machine.State->NmiBlocked = 1;

        StepResult result = machine.Execute(0x48, 0xCF); // iretq

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x1234UL, machine.State->Rip);
        Assert.Equal(3, machine.State->Cpl);
        Assert.Equal(0x2_1000UL, machine.Rsp);
        Assert.Equal(0x202UL, machine.Flags);
        Assert.Equal(SystemMachine.UserData, machine.Selector(SegmentName.SS));
        Assert.Equal(0, machine.State->NmiBlocked);
        Assert.True(machine.Mode.HasFlag(ModeFlags.User | ModeFlags.Long));
    }

    [Fact]
    public void Iretq_to_user_mode_forgets_the_kernel_data_segments()
    {
        using SystemMachine machine = SystemMachine.Long();
        PushFrame(machine, 8, 0x1234, SystemMachine.UserCode64, 0x202, 0x2_1000, SystemMachine.UserData);

        machine.Execute(0x48, 0xCF); // iretq

        Assert.Equal(0, machine.Selector(SegmentName.DS));
        Assert.NotEqual(0, machine.State->SegmentAttributes[(int)SegmentName.DS] & SegmentAttribute.Unusable);
    }

    [Fact]
    public void Iretq_at_the_same_level_takes_a_null_stack_segment()
    {
        using SystemMachine machine = SystemMachine.Long();
        PushFrame(machine, 8, 0x1234, SystemMachine.KernelCode, 2, 0x3_8000, 0);

        StepResult result = machine.Execute(0x48, 0xCF); // iretq

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x3_8000UL, machine.Rsp);
        Assert.Equal(0, machine.Selector(SegmentName.SS));
    }

    [Fact]
    public void Iretq_to_an_address_that_is_not_canonical_faults_and_changes_nothing()
    {
        using SystemMachine machine = SystemMachine.Long();
        PushFrame(machine, 8, 0x8000_0000_0000, SystemMachine.UserCode64, 0x202, 0x2_1000, SystemMachine.UserData);
        ulong stack = machine.Rsp;

        StepResult result = machine.Execute(0x48, 0xCF); // iretq

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
        Assert.Equal(stack, machine.Rsp);
        Assert.Equal(SystemMachine.Code, machine.State->Rip);
        Assert.Equal(0, machine.State->Cpl);
    }

    [Fact]
    public void Iretq_with_nt_set_faults_in_long_mode()
    {
        using SystemMachine machine = SystemMachine.Long();
        PushFrame(machine, 8, 0x1234, SystemMachine.KernelCode, 2, 0x3_8000, 0);
        machine.State->SystemFlags |= Rflags.NestedTask;

        StepResult result = machine.Execute(0x48, 0xCF); // iretq

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(0U, machine.State->FaultErrorCode);
    }

    [Fact]
    public void Iretq_drops_rf_unless_a_fetch_breakpoint_is_enabled()
    {
        using SystemMachine machine = SystemMachine.Long();
        PushFrame(machine, 8, 0x1234, SystemMachine.KernelCode, 0x1_0002, 0x3_8000, 0);

        machine.Execute(0x48, 0xCF); // iretq

        Assert.Equal(2UL, machine.Flags);
        Assert.False(machine.Mode.HasFlag(ModeFlags.SingleStep));
    }

    [Fact]
    public void Rf_from_iretq_lets_the_instruction_at_a_breakpoint_run_once()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->DebugRegister[0] = 0x1234;
        machine.State->DebugRegister[5] = 0x402;
        ModeState.Update(machine.State);
        PushFrame(machine, 8, 0x1234, SystemMachine.KernelCode, 0x1_0002, 0x3_8000, 0);

        machine.Debug.Begin();
        machine.Execute(0x48, 0xCF); // iretq
        machine.Debug.End();
        bool firstRuns = machine.Debug.Begin();
        machine.Debug.End();
        bool secondRuns = machine.Debug.Begin();

        Assert.True(firstRuns);
        Assert.False(secondRuns);
        Assert.Equal(1UL, machine.State->FaultAddress);
    }

    [Fact]
    public void Iret_of_a_user_does_not_change_iopl_or_if()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.EnterUser();
        PushFrame(machine, 4, 0x1234, SystemMachine.UserCode32, 0x3202);

        StepResult result = machine.Execute(0xCF); // iretd

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(2UL, machine.Flags);
    }

    [Fact]
    public void Iretd_enters_virtual_8086_mode()
    {
        using SystemMachine machine = SystemMachine.Protected();
        PushFrame(machine, 4, 0x1234, 0xF000, 0x2_3202, 0xFFEE, 0x1000, 0x1111, 0x2222, 0x3333, 0x4444);

        StepResult result = machine.Execute(0xCF); // iretd

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(3, machine.State->Cpl);
        Assert.Equal(0xF_0000UL, machine.State->SegmentBase[(int)SegmentName.CS]);
        Assert.Equal(0xFFEEUL, machine.Rsp);
        Assert.Equal(0x1_1110UL, machine.State->SegmentBase[(int)SegmentName.ES]);
        Assert.Equal(0x4_4440UL, machine.State->SegmentBase[(int)SegmentName.GS]);
        Assert.Equal(0x2_3202UL, machine.Flags);
        Assert.True(machine.Mode.HasFlag(ModeFlags.Virtual8086 | ModeFlags.User));
    }

    [Fact]
    public void Iret_in_virtual_8086_mode_needs_iopl_3()
    {
        using SystemMachine machine = SystemMachine.Protected();
        VirtualMachine.Enter(machine, ioPrivilege: 2);

        StepResult result = machine.Execute(0xCF); // iretw

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
    }

    [Fact]
    public void Iretw_in_real_mode_pops_words()
    {
        using SystemMachine machine = SystemMachine.Real();
        PushFrame(machine, 2, 0x1234, 0x5678, 0xFFFF);

        StepResult result = machine.Execute(0xCF); // iretw

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x1234UL, machine.State->Rip);
        Assert.Equal(0x5678, machine.Selector(SegmentName.CS));
        Assert.Equal(0x7FD7UL, machine.Flags);
        Assert.Equal(0x7000UL, machine.Rsp);
    }

    private static void PushFrame(SystemMachine machine, int size, params ulong[] values)
    {
        machine.StoreStack(machine.Rsp - (ulong)(size * values.Length));
        for (int i = 0; i < values.Length; i++)
            machine.Write(machine.Rsp + (ulong)(i * size), size, values[i]);
    }
}
