namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class FlagInstructionsTests
{
    [Fact]
    public void Sti_opens_a_shadow_of_one_instruction_only_when_interrupts_were_off()
    {
        using SystemMachine machine = SystemMachine.Long();

        machine.Execute(0xFB); // sti
        byte first = machine.State->InterruptShadow;
        machine.State->InterruptShadow = 0;
        machine.Execute(0xFB);

        Assert.Equal(1, first);
        Assert.Equal(0, machine.State->InterruptShadow);
        Assert.Equal(1, machine.State->InterruptEnable);
    }

    [Fact]
    public void Cli_above_iopl_is_gp()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.EnterUser();

        StepResult result = machine.Execute(0xFA); // cli

        Assert.Equal(StepResult.Fault, result);
    }

    [Theory]
    [InlineData(0, 0UL, 0x24_7FD7UL)] // everything but VM, RF, VIF and VIP
    [InlineData(3, 0UL, 0x24_4DD7UL)] // neither IF nor IOPL
    [InlineData(3, 0x3000UL, 0x24_7FD7UL)] // IOPL 3 gives IF
    public void Popf_changes_what_the_level_may(int level, ulong before, ulong expected)
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Cpl = (byte)level;
        Rflags.Set(machine.State, before);
        machine.Write(machine.Rsp, 8, 0x3F_7FD7);

        StepResult result = machine.Execute(0x9D); // popfq

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(expected, machine.Flags);
    }

    [Fact]
    public void Popfw_keeps_the_upper_flags()
    {
        using SystemMachine machine = SystemMachine.Real();
        Rflags.Set(machine.State, Rflags.Identification | Rflags.AlignmentCheck);
        machine.Write(machine.Rsp, 2, 0x0001);

        machine.Execute(0x9D); // popfw

        Assert.Equal(Rflags.Identification | Rflags.AlignmentCheck | 3, machine.Flags);
    }

    [Fact]
    public void Pushf_hides_rf_and_vm()
    {
        using SystemMachine machine = SystemMachine.Protected();
        VirtualMachine.Enter(machine, ioPrivilege: 3);
        machine.State->SystemFlags |= Rflags.Resume;

        StepResult result = machine.Execute(0x66, 0x9C); // pushfd

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x3202UL, machine.Read(0x2_0000 + machine.Rsp, 4));
    }

    [Fact]
    public void Stac_opens_user_pages_and_clac_closes_them()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Cr4 |= ControlRegister.Cr4Smap;
        ModeState.Update(machine.State);

        bool before = machine.Access.TryRead(SegmentName.DS, 0x6000, 4, out _);
        machine.Execute(0x0F, 0x01, 0xCB); // stac
        bool open = machine.Access.TryRead(SegmentName.DS, 0x6000, 4, out _);
        machine.Execute(0x0F, 0x01, 0xCA); // clac
        bool closed = machine.Access.TryRead(SegmentName.DS, 0x6000, 4, out _);

        Assert.Equal((false, true, false), (before, open, closed));
    }

    [Fact]
    public void Swapgs_exchanges_the_bases()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->SegmentBase[(int)SegmentName.GS] = 1;
        machine.State->KernelGsBase = 2;

        machine.Execute(0x0F, 0x01, 0xF8); // swapgs

        Assert.Equal(2UL, machine.State->SegmentBase[(int)SegmentName.GS]);
        Assert.Equal(1UL, machine.State->KernelGsBase);
    }

    [Fact]
    public void Wrfsbase_needs_cr4_and_a_canonical_base()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Gpr[0] = 0x1234;
        StepResult written = machine.Execute(0xF3, 0x48, 0x0F, 0xAE, 0xD0); // wrfsbase rax
        machine.State->Gpr[0] = 0x8000_0000_0000;
        StepResult refused = machine.Execute(0xF3, 0x48, 0x0F, 0xAE, 0xD0);
        byte refusedBy = machine.State->FaultVector;
        machine.State->Cr4 &= ~ControlRegister.Cr4FsGsBase;

        StepResult undefined = machine.Execute(0xF3, 0x48, 0x0F, 0xAE, 0xD0);

        Assert.Equal(StepResult.Continue, written);
        Assert.Equal(0x1234UL, machine.State->SegmentBase[(int)SegmentName.FS]);
        Assert.Equal(StepResult.Fault, refused);
        Assert.Equal(ExceptionVector.GeneralProtection, refusedBy);
        Assert.Equal(StepResult.Fault, undefined);
        Assert.Equal(ExceptionVector.InvalidOpcode, machine.State->FaultVector);
    }

    [Theory]
    [InlineData(0x0F, 0x0B)] // ud2
    [InlineData(0x0F, 0xAA)] // rsm
    public void Instruction_that_no_model_promises_is_undefined(byte first, byte second)
    {
        using SystemMachine machine = SystemMachine.Long();

        StepResult result = machine.Execute(first, second);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.InvalidOpcode, machine.State->FaultVector);
    }

    [Fact]
    public void Hlt_stops_the_kernel_past_the_instruction_and_faults_for_users()
    {
        using SystemMachine machine = SystemMachine.Long();

        StepResult kernel = machine.Execute(0xF4); // hlt
        ulong next = machine.State->Rip;
        machine.EnterUser();
        StepResult user = machine.Execute(0xF4);

        Assert.Equal(StepResult.Halt, kernel);
        Assert.Equal(SystemMachine.Code + 1, next);
        Assert.Equal(StepResult.Fault, user);
    }
}
