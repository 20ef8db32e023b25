namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class SystemCallsTests
{
    [Fact]
    public void Syscall_and_sysret_go_to_the_kernel_and_back()
    {
        using SystemMachine machine = Prepared();
        machine.EnterUser();
        machine.State->InterruptEnable = 1;

        StepResult call = machine.Execute(0x0F, 0x05); // syscall
        ulong inside = machine.State->Rip;
        byte levelInside = machine.State->Cpl;
        ulong flagsInside = machine.Flags;
        ulong saved = machine.State->Gpr[11];
        StepResult back = machine.Execute(0x48, 0x0F, 0x07); // sysretq

        Assert.Equal(StepResult.Continue, call);
        Assert.Equal(0xC000UL, inside);
        Assert.Equal(0, levelInside);
        Assert.Equal(2UL, flagsInside);
        Assert.Equal(0x202UL, saved);
        Assert.Equal(StepResult.Continue, back);
        Assert.Equal(SystemMachine.Code + 2, machine.State->Rip);
        Assert.Equal(3, machine.State->Cpl);
        Assert.Equal(SystemMachine.UserCode64, machine.Selector(SegmentName.CS));
        Assert.Equal(SystemMachine.UserData, machine.Selector(SegmentName.SS));
        Assert.Equal(0x202UL, machine.Flags);
    }

    [Fact]
    public void Sysret_to_an_address_that_is_not_canonical_faults_at_level_0()
    {
        using SystemMachine machine = Prepared();
        machine.State->Gpr[1] = 0x8000_0000_0000;

        StepResult result = machine.Execute(0x48, 0x0F, 0x07); // sysretq

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(0, machine.State->Cpl);
    }

    [Fact]
    public void Sysretd_enters_compatibility_mode()
    {
        using SystemMachine machine = Prepared();
        machine.State->Gpr[1] = 0x1_0000_9000;

        StepResult result = machine.Execute(0x0F, 0x07); // sysretd

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x9000UL, machine.State->Rip);
        Assert.Equal(SystemMachine.UserCode32, machine.Selector(SegmentName.CS));
        Assert.Equal(ModeFlags.Code32 | ModeFlags.User, machine.Mode & (ModeFlags.Long | ModeFlags.Code32 | ModeFlags.User));
    }

    [Fact]
    public void Syscall_is_undefined_outside_64_bit_mode()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.State->Efer = ControlRegister.EferSyscall;

        StepResult result = machine.Execute(0x0F, 0x05); // syscall

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.InvalidOpcode, machine.State->FaultVector);
    }

    [Fact]
    public void Sysenter_and_sysexit_go_to_the_kernel_and_back_in_32_bit_mode()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.State->SysenterCs = SystemMachine.KernelCode;
        machine.State->SysenterEip = 0xC000;
        machine.State->SysenterEsp = 0x3_1000;
        machine.EnterUser();

        StepResult call = machine.Execute(0x0F, 0x34); // sysenter
        ulong inside = machine.State->Rip;
        ulong stackInside = machine.Rsp;
        machine.State->Gpr[1] = SystemMachine.UserStack;
        machine.State->Gpr[2] = 0xD000;
        StepResult back = machine.Execute(0x0F, 0x35); // sysexit

        Assert.Equal(StepResult.Continue, call);
        Assert.Equal(0xC000UL, inside);
        Assert.Equal(0x3_1000UL, stackInside);
        Assert.Equal(StepResult.Continue, back);
        Assert.Equal(0xD000UL, machine.State->Rip);
        Assert.Equal(SystemMachine.UserStack, machine.Rsp);
        Assert.Equal(SystemMachine.UserCode32, machine.Selector(SegmentName.CS));
        Assert.Equal(3, machine.State->Cpl);
    }

    [Fact]
    public void Sysenter_without_a_code_selector_is_gp()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.State->SysenterCs = 3;

        StepResult result = machine.Execute(0x0F, 0x34); // sysenter

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
    }

    private static SystemMachine Prepared()
    {
        SystemMachine machine = SystemMachine.Long();
        machine.State->Star = ((ulong)SystemMachine.KernelCode << 32) | ((ulong)SystemMachine.UserCode32 << 48);
        machine.State->Lstar = 0xC000;
        machine.State->SyscallMask = Rflags.InterruptEnable | Rflags.Trap;
        return machine;
    }
}
