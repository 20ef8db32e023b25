namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class FarTransferTests
{
    private const ulong CallGateTo8010 = 0x0000_EC00_0008_8010;

    [Fact]
    public void Far_jump_in_real_mode_loads_cs()
    {
        using SystemMachine machine = SystemMachine.Real();

        StepResult result = machine.Execute(0xEA, 0x34, 0x12, 0x00, 0xF0); // jmp F000:1234

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x1234UL, machine.State->Rip);
        Assert.Equal(0xF_0000UL, machine.State->SegmentBase[(int)SegmentName.CS]);
    }

    [Fact]
    public void Far_jump_after_setting_pe_enters_32_bit_code()
    {
        using SystemMachine machine = SystemMachine.Real();
        machine.WriteDescriptor(SystemMachine.KernelCode, 0x00CF_9B00_0000_FFFF);
        (machine.State->GdtrBase, machine.State->GdtrLimit) = (SystemMachine.Gdt, 0xFF);
        machine.State->Cr0 |= 1;
        ModeState.Update(machine.State);

        StepResult result = machine.Execute(0x66, 0xEA, 0x00, 0x90, 0x00, 0x00, 0x08, 0x00); // jmp 8:9000

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x9000UL, machine.State->Rip);
        Assert.True(machine.Mode.HasFlag(ModeFlags.Code32 | ModeFlags.Protected));
    }

    [Fact]
    public void Far_call_and_return_in_protected_mode_restore_everything()
    {
        using SystemMachine machine = SystemMachine.Protected();
        ulong stack = machine.Rsp;

        StepResult call = machine.Execute(0x9A, 0x00, 0x90, 0x00, 0x00, 0x08, 0x00); // call 8:9000
        ulong inside = machine.State->Rip;
        StepResult back = machine.Execute(0xCB); // retf

        Assert.Equal(StepResult.Continue, call);
        Assert.Equal(0x9000UL, inside);
        Assert.Equal(StepResult.Continue, back);
        Assert.Equal(SystemMachine.Code + 7, machine.State->Rip);
        Assert.Equal(stack, machine.Rsp);
    }

    [Fact]
    public void Far_jump_to_a_null_selector_is_gp_0()
    {
        using SystemMachine machine = SystemMachine.Protected();

        StepResult result = machine.Execute(0xEA, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00); // jmp 3:9000

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(0U, machine.State->FaultErrorCode);
    }

    [Fact]
    public void Far_jump_of_a_user_to_kernel_code_is_gp_with_the_selector()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.EnterUser();

        StepResult result = machine.Execute(0xEA, 0x00, 0x90, 0x00, 0x00, 0x08, 0x00); // jmp 8:9000

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
        Assert.Equal(8U, machine.State->FaultErrorCode);
    }

    [Fact]
    public void Call_gate_switches_the_stack_and_copies_parameters()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.WriteDescriptor(SystemMachine.Gate, CallGateTo8010 | (2UL << 32));
        machine.EnterUser();
        machine.StoreStack(SystemMachine.UserStack - 8);
        machine.Write(SystemMachine.UserStack - 8, 4, 0xAAAA);
        machine.Write(SystemMachine.UserStack - 4, 4, 0xBBBB);

        StepResult result = machine.Execute(0x9A, 0, 0, 0, 0, 0x53, 0x00); // call 53:0

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x8010UL, machine.State->Rip);
        Assert.Equal(0, machine.State->Cpl);
        Assert.Equal(SystemMachine.KernelStack - 24, machine.Rsp);
        Assert.Equal(SystemMachine.Code + 7, machine.Stacked(0, 4));
        Assert.Equal(SystemMachine.UserCode32, machine.Stacked(1, 4));
        Assert.Equal(0xAAAAUL, machine.Stacked(2, 4));
        Assert.Equal(0xBBBBUL, machine.Stacked(3, 4));
        Assert.Equal(SystemMachine.UserStack - 8, machine.Stacked(4, 4));
    }

    [Fact]
    public void Return_from_a_call_gate_releases_the_parameters_on_both_stacks()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.WriteDescriptor(SystemMachine.Gate, CallGateTo8010 | (2UL << 32));
        machine.EnterUser();
        machine.StoreStack(SystemMachine.UserStack - 8);
        machine.Execute(0x9A, 0, 0, 0, 0, 0x53, 0x00); // call 53:0

        StepResult result = machine.Execute(0xCA, 0x08, 0x00); // retf 8

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(3, machine.State->Cpl);
        Assert.Equal(SystemMachine.UserStack, machine.Rsp);
        Assert.Equal(SystemMachine.Code + 7, machine.State->Rip);
    }

    [Fact]
    public void Call_gate_of_64_bits_pushes_quadwords()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteDescriptor(SystemMachine.Gate, CallGateTo8010);
        machine.WriteDescriptor(SystemMachine.Gate + 8, 0);
        machine.Write(0x6000, 8, 0x0053_0000_0000);
        machine.EnterUser();

        StepResult result = machine.Execute(0xFF, 0x1C, 0x25, 0x00, 0x60, 0x00, 0x00); // call far [6000h]

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x8010UL, machine.State->Rip);
        Assert.Equal(SystemMachine.KernelStack - 32, machine.Rsp);
        Assert.Equal(SystemMachine.UserStack, machine.Stacked(2, 8));
        Assert.Equal(0, machine.Selector(SegmentName.SS));
    }

    [Fact]
    public void Far_jump_leaves_64_bit_mode_for_compatibility_mode()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteDescriptor(SystemMachine.Spare, 0x00CF_9B00_0000_FFFF);
        machine.Write(0x6000, 8, 0x0060_0000_9000);

        StepResult result = machine.Execute(0xFF, 0x2C, 0x25, 0x00, 0x60, 0x00, 0x00); // jmp far [6000h]

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x9000UL, machine.State->Rip);
        Assert.Equal(ModeFlags.Code32, machine.Mode & (ModeFlags.Long | ModeFlags.Code32));
    }

    [Fact]
    public void Failed_call_changes_neither_stack_pointer_nor_cs()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.WriteDescriptor(SystemMachine.Spare, 0x0040_9B00_0000_0FFF);
        ulong stack = machine.Rsp;

        StepResult result = machine.Execute(0x9A, 0x00, 0x90, 0x00, 0x00, 0x60, 0x00); // call 60:9000, past the limit

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(stack, machine.Rsp);
        Assert.Equal(SystemMachine.KernelCode, machine.Selector(SegmentName.CS));
        Assert.Equal(SystemMachine.Code, machine.State->Rip);
    }
}
