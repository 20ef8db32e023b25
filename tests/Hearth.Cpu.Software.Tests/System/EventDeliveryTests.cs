using Hearth.Testing;

namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class EventDeliveryTests
{
    [Fact]
    public void Interrupt_in_long_mode_from_user_switches_to_the_kernel_stack()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteGate64(0x30);
        machine.EnterUser();
        Rflags.Change(machine.State, Rflags.InterruptEnable | Rflags.Trap, Rflags.InterruptEnable | Rflags.Trap);

        StepResult result = machine.Events.Deliver(EventKind.External, 0x30, hasError: false, 0);

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(SystemMachine.HandlerOf(0x30), machine.State->Rip);
        Assert.Equal(SystemMachine.KernelCode, machine.Selector(SegmentName.CS));
        Assert.Equal(0, machine.Selector(SegmentName.SS));
        Assert.Equal(0, machine.State->Cpl);
        Assert.Equal(SystemMachine.KernelStack - 40, machine.Rsp);
        Assert.Equal(SystemMachine.Code, machine.Stacked(0, 8));
        Assert.Equal(SystemMachine.UserCode64, machine.Stacked(1, 8));
        Assert.Equal(0x302UL, machine.Stacked(2, 8));
        Assert.Equal(SystemMachine.UserStack, machine.Stacked(3, 8));
        Assert.Equal(SystemMachine.UserData, machine.Stacked(4, 8));
        Assert.Equal(2UL, machine.Flags);
    }

    [Fact]
    public void Interrupt_in_long_mode_at_the_same_level_aligns_the_stack_and_keeps_ss()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteGate64(0x30);
        machine.StoreStack(0x3_0009);

        machine.Events.Deliver(EventKind.External, 0x30, hasError: false, 0);

        Assert.Equal(0x3_0000UL - 40, machine.Rsp);
        Assert.Equal(0x3_0009UL, machine.Stacked(3, 8));
        Assert.Equal(SystemMachine.KernelData, machine.Selector(SegmentName.SS));
    }

    [Fact]
    public void Gate_with_an_interrupt_stack_uses_it_at_any_level()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteGate64(2, stack: 1);

        machine.Events.Deliver(EventKind.Nmi, 2, hasError: false, 0);

        Assert.Equal(SystemMachine.InterruptStack - 40, machine.Rsp);
        Assert.Equal(1, machine.State->NmiBlocked);
    }

    [Fact]
    public void Trap_gate_leaves_interrupts_enabled()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteGate64(3, type: 0xEF);
        machine.EnterUser();
        machine.State->InterruptEnable = 1;

        StepResult result = machine.Execute(0xCC); // int3

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(1, machine.State->InterruptEnable);
        Assert.Equal(SystemMachine.Code + 1, machine.Stacked(0, 8));
    }

    [Fact]
    public void Page_fault_pushes_its_code_sets_cr2_and_sets_rf_in_the_image()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteGate64(14);
        PendingFault.PageFault(machine.State, 0xDEAD_BEEF, 6);

        StepResult result = machine.Events.DeliverPending();

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0xDEAD_BEEFUL, machine.State->Cr2);
        Assert.Equal(6UL, machine.Stacked(0, 8));
        Assert.Equal(SystemMachine.Code, machine.Stacked(1, 8));
        Assert.Equal(0x1_0002UL, machine.Stacked(3, 8));
        Assert.Equal(0, machine.State->FaultPending);
    }

    [Fact]
    public void Software_interrupt_through_a_kernel_gate_faults_at_the_instruction()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteGate64(0x30);
        machine.EnterUser();

        StepResult result = machine.Execute(0xCD, 0x30); // int 30h

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
        Assert.Equal((0x30U * 8) + 2, machine.State->FaultErrorCode);
        Assert.Equal(SystemMachine.Code, machine.State->Rip);
    }

    [Fact]
    public void Interrupt_through_an_absent_gate_becomes_np_with_the_external_bit()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteGate64(0x30, type: 0x0E);
        machine.WriteGate64(11);

        machine.Events.Deliver(EventKind.External, 0x30, hasError: false, 0);

        Assert.Equal(SystemMachine.HandlerOf(11), machine.State->Rip);
        Assert.Equal((0x30UL * 8) + 3, machine.Stacked(0, 8));
    }

    [Fact]
    public void Page_fault_while_a_page_fault_is_delivered_is_a_double_fault()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteGate64(14);
        machine.WriteGate64(8, stack: 1);
        machine.StoreStack(0x7F_FFFF_F000);
        PendingFault.PageFault(machine.State, 0x1000, 2);

        StepResult result = machine.Events.DeliverPending();

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(SystemMachine.HandlerOf(8), machine.State->Rip);
        Assert.Equal(0UL, machine.Stacked(0, 8));
        Assert.Equal(0x7F_FFFF_EFF8UL, machine.State->Cr2);
    }

    [Fact]
    public void Page_fault_while_an_invalid_opcode_is_delivered_is_delivered_alone()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteGate64(6);
        machine.WriteGate64(14, stack: 1);
        machine.StoreStack(0x7F_FFFF_F000);
        PendingFault.InvalidOpcode(machine.State);

        machine.Events.DeliverPending();

        Assert.Equal(SystemMachine.HandlerOf(14), machine.State->Rip);
    }

    [Fact]
    public void Fault_without_an_idt_shuts_down()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->IdtrLimit = 0;

        StepResult result = machine.Events.Deliver(EventKind.Fault, 6, hasError: false, 0);

        Assert.Equal(StepResult.Shutdown, result);
    }

    [Fact]
    public void Stack_that_is_not_canonical_is_a_stack_fault()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteGate64(6);
        machine.WriteGate64(12, stack: 1);
        machine.StoreStack(0x8000_0000_0000);
        PendingFault.InvalidOpcode(machine.State);

        machine.Events.DeliverPending();

        Assert.Equal(SystemMachine.HandlerOf(12), machine.State->Rip);
        Assert.Equal(1UL, machine.Stacked(0, 8));
    }

    [Fact]
    public void Interrupt_in_protected_mode_from_user_pushes_a_32_bit_frame()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.WriteGate32(0x30);
        machine.EnterUser();

        machine.Events.Deliver(EventKind.External, 0x30, hasError: false, 0);

        Assert.Equal(SystemMachine.KernelStack - 20, machine.Rsp);
        Assert.Equal(SystemMachine.Code, machine.Stacked(0, 4));
        Assert.Equal(SystemMachine.UserCode32, machine.Stacked(1, 4));
        Assert.Equal(SystemMachine.UserStack, machine.Stacked(3, 4));
        Assert.Equal(SystemMachine.UserData, machine.Stacked(4, 4));
        Assert.Equal(SystemMachine.KernelData, machine.Selector(SegmentName.SS));
    }

    [Fact]
    public void Gate_of_16_bits_pushes_words()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.WriteGate32(0x30, type: 0x86);

        machine.Events.Deliver(EventKind.External, 0x30, hasError: false, 0);

        Assert.Equal(SystemMachine.KernelStack - 0x100 - 6, machine.Rsp);
        Assert.Equal(SystemMachine.Code, machine.Stacked(0, 2));
    }

    [Fact]
    public void Interrupt_from_virtual_8086_mode_saves_and_clears_the_data_segments()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.WriteGate32(13);
        VirtualMachine.Enter(machine, ioPrivilege: 0);

        StepResult result = machine.Execute(0xFA); // cli
        machine.Events.DeliverPending();

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(SystemMachine.KernelStack - 40, machine.Rsp);
        Assert.Equal(0UL, machine.Stacked(0, 4));
        Assert.Equal(0x2_0000UL, machine.Stacked(3, 4) & 0x2_0000);
        Assert.Equal(0x1111UL, machine.Stacked(6, 4));
        Assert.Equal(0x4444UL, machine.Stacked(9, 4));
        Assert.Equal(0, machine.Selector(SegmentName.DS));
        Assert.Equal(0UL, machine.Flags & Rflags.Virtual8086);
        Assert.Equal(0, machine.State->Cpl);
    }

    [Fact]
    public void Interrupt_in_real_mode_goes_through_the_vector_table()
    {
        using SystemMachine machine = SystemMachine.Real();
        machine.Write(0x21 * 4, 4, 0x1234_5678);
        machine.State->InterruptEnable = 1;

        StepResult result = machine.Execute(0xCD, 0x21); // int 21h

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x5678UL, machine.State->Rip);
        Assert.Equal(0x1_2340UL, machine.State->SegmentBase[(int)SegmentName.CS]);
        Assert.Equal(0x6FFAUL, machine.Rsp);
        Assert.Equal(SystemMachine.Code + 2, machine.Stacked(0, 2));
        Assert.Equal(0x202UL, machine.Stacked(2, 2));
        Assert.Equal(0, machine.State->InterruptEnable);
    }

    [Fact]
    public void Single_step_sets_dr6_and_is_not_taken_in_the_handler()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteGate64(1);
        Rflags.Change(machine.State, Rflags.Trap, Rflags.Trap);
        ModeState.Update(machine.State);

        bool began = machine.Debug.Begin();
        machine.Execute(0x0F, 0x09); // wbinvd
        bool ended = machine.Debug.End();
        machine.Events.DeliverPending();

        Assert.True(began);
        Assert.False(ended);
        Assert.Equal(DebugControl.SingleStep, machine.State->DebugRegister[4] & 0xE00F);
        Assert.Equal(SystemMachine.Code + 2, machine.Stacked(0, 8));
        Assert.Equal(0U, (uint)machine.Mode & (uint)ModeFlags.SingleStep);
    }

    [Fact]
    public void Delivery_allocates_nothing()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteGate64(14);

        long allocated = Allocations.Of(() => Exercise(machine));

        Assert.Equal(0, allocated);
    }

    private static void Exercise(SystemMachine machine)
    {
        machine.StoreStack(SystemMachine.KernelStack);
        PendingFault.PageFault(machine.State, 0x1000, 2);
        machine.Events.DeliverPending();
        PendingFault.GeneralProtection(machine.State);
        machine.Events.DeliverPending();
    }
}
