namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class TaskSwitchTests
{
    private static readonly byte[] s_jumpToOther = [0xEA, 0, 0, 0, 0, (byte)SystemMachine.OtherTask, 0];
    private static readonly byte[] s_callOther = [0x9A, 0, 0, 0, 0, (byte)SystemMachine.OtherTask, 0];

    [Fact]
    public void Jump_to_a_task_saves_the_old_and_loads_the_new()
    {
        using SystemMachine machine = Prepared();
        machine.State->Gpr[0] = 0x1111_2222;

        StepResult result = machine.Execute(s_jumpToOther);

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(SystemMachine.Code + 7, machine.Read(SystemMachine.Tss + 0x20, 4));
        Assert.Equal(0x1111_2222UL, machine.Read(SystemMachine.Tss + 0x28, 4));
        Assert.Equal(0xA000UL, machine.State->Rip);
        Assert.Equal(0xCAFEUL, machine.State->Gpr[0]);
        Assert.Equal(0x3_4000UL, machine.Rsp);
        Assert.Equal(SystemMachine.OtherTask, machine.Selector(SegmentName.Tr));
        Assert.Equal(ControlRegister.Cr0TaskSwitched, machine.State->Cr0 & ControlRegister.Cr0TaskSwitched);
        Assert.Equal(Descriptor.Tss32, TypeOf(machine, SystemMachine.Task));
        Assert.Equal(Descriptor.Tss32Busy, TypeOf(machine, SystemMachine.OtherTask));
    }

    [Fact]
    public void Call_links_back_and_iret_returns()
    {
        using SystemMachine machine = Prepared();

        machine.Execute(s_callOther);
        ulong flagsInside = machine.Flags;
        ulong link = machine.Read(SystemMachine.OtherTss, 2);
        StepResult result = machine.Execute(0xCF); // iretd

        Assert.Equal(Rflags.NestedTask, flagsInside & Rflags.NestedTask);
        Assert.Equal(SystemMachine.Task, link);
        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(SystemMachine.Code + 7, machine.State->Rip);
        Assert.Equal(SystemMachine.Task, machine.Selector(SegmentName.Tr));
        Assert.Equal(0UL, machine.Flags & Rflags.NestedTask);
        Assert.Equal(Descriptor.Tss32, TypeOf(machine, SystemMachine.OtherTask));
    }

    [Fact]
    public void Fault_through_a_task_gate_pushes_its_code_on_the_new_stack()
    {
        using SystemMachine machine = Prepared();
        machine.WriteGate32(8, SystemMachine.OtherTask, 0x85);

        machine.Events.Deliver(EventKind.Fault, 8, hasError: true, 0);

        Assert.Equal(0xA000UL, machine.State->Rip);
        Assert.Equal(0x3_3FFCUL, machine.Rsp);
        Assert.Equal(SystemMachine.Code, machine.Read(SystemMachine.Tss + 0x20, 4));
    }

    [Fact]
    public void Jump_to_a_busy_task_is_gp()
    {
        using SystemMachine machine = Prepared();
        machine.WriteDescriptor(SystemMachine.OtherTask, 0x0000_8B00_0000_0067 | (SystemMachine.OtherTss << 16));

        StepResult result = machine.Execute(s_jumpToOther);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
        Assert.Equal((uint)SystemMachine.OtherTask, machine.State->FaultErrorCode);
    }

    [Fact]
    public void Jump_to_a_short_task_is_ts_and_leaves_the_old_task_running()
    {
        using SystemMachine machine = Prepared();
        machine.WriteDescriptor(SystemMachine.OtherTask, 0x0000_8900_0000_0066 | (SystemMachine.OtherTss << 16));

        StepResult result = machine.Execute(s_jumpToOther);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.InvalidTss, machine.State->FaultVector);
        Assert.Equal(SystemMachine.Task, machine.Selector(SegmentName.Tr));
        Assert.Equal(SystemMachine.Code, machine.State->Rip);
    }

    [Fact]
    public void Bad_stack_segment_is_a_fault_of_the_new_task()
    {
        using SystemMachine machine = Prepared();
        machine.Write(SystemMachine.OtherTss + 0x50, 2, SystemMachine.KernelCode);

        StepResult result = machine.Execute(s_jumpToOther);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.InvalidTss, machine.State->FaultVector);
        Assert.Equal((uint)SystemMachine.KernelCode, machine.State->FaultErrorCode);
        Assert.Equal(SystemMachine.OtherTask, machine.Selector(SegmentName.Tr));
        Assert.Equal(0xA000UL, machine.State->Rip);
    }

    [Fact]
    public void Fault_of_the_new_task_after_int_n_keeps_its_instruction_pointer()
    {
        using SystemMachine machine = Prepared();
        machine.WriteGate32(0x40, SystemMachine.OtherTask, 0x85);
        machine.Write(SystemMachine.OtherTss + 0x50, 2, SystemMachine.KernelCode);

        StepResult result = machine.Execute(0xCD, 0x40); // int 40h

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(0xA000UL, machine.State->Rip);
    }

    [Fact]
    public void Task_of_16_bits_loads_words_and_sets_the_upper_ones()
    {
        using SystemMachine machine = Prepared();
        machine.State->Gpr[0] = 0x1234_5678;
        machine.WriteDescriptor(SystemMachine.OtherTask, 0x0000_8100_0000_002B | (SystemMachine.OtherTss << 16));
        machine.Write(SystemMachine.OtherTss + 0x0E, 2, 0xB000);
        machine.Write(SystemMachine.OtherTss + 0x10, 2, 2);
        machine.Write(SystemMachine.OtherTss + 0x12, 2, 0xBEEF);
        machine.Write(SystemMachine.OtherTss + 0x24, 2, SystemMachine.KernelCode);
        machine.Write(SystemMachine.OtherTss + 0x26, 2, SystemMachine.KernelData);
        machine.Write(SystemMachine.OtherTss + 0x22, 2, 0);
        machine.Write(SystemMachine.OtherTss + 0x28, 2, 0);
        machine.Write(SystemMachine.OtherTss + 0x2A, 2, 0);

        StepResult result = machine.Execute(s_jumpToOther);

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0xB000UL, machine.State->Rip);
        Assert.Equal(0xFFFF_BEEFUL, machine.State->Gpr[0]);
    }

    [Fact]
    public void Trap_bit_of_the_new_task_raises_debug()
    {
        using SystemMachine machine = Prepared();
        machine.Write(SystemMachine.OtherTss + 0x64, 2, 1);

        machine.Execute(s_jumpToOther);
        bool ended = machine.Debug.End();

        Assert.False(ended);
        Assert.Equal(DebugControl.TaskSwitch, machine.State->FaultAddress);
    }

    private static SystemMachine Prepared()
    {
        SystemMachine machine = SystemMachine.Protected();
        machine.WriteDescriptor(SystemMachine.Task, 0x0000_8B00_0000_0067 | (SystemMachine.Tss << 16));
        machine.Write(SystemMachine.OtherTss + 0x20, 4, 0xA000);
        machine.Write(SystemMachine.OtherTss + 0x24, 4, 2);
        machine.Write(SystemMachine.OtherTss + 0x28, 4, 0xCAFE);
        machine.Write(SystemMachine.OtherTss + 0x38, 4, 0x3_4000);
        machine.Write(SystemMachine.OtherTss + 0x48, 2, SystemMachine.KernelData);
        machine.Write(SystemMachine.OtherTss + 0x4C, 2, SystemMachine.KernelCode);
        machine.Write(SystemMachine.OtherTss + 0x50, 2, SystemMachine.KernelData);
        machine.Write(SystemMachine.OtherTss + 0x54, 2, SystemMachine.KernelData);
        return machine;
    }

    private static int TypeOf(SystemMachine machine, int selector) =>
        new Descriptor(machine.Read(SystemMachine.Gdt + (ulong)selector, 8)).Type;
}
