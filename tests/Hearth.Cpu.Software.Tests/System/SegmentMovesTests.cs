namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class SegmentMovesTests
{
    [Fact]
    public void Load_of_a_data_segment_sets_its_hidden_part_and_accessed_bit()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.WriteDescriptor(SystemMachine.Spare, 0x1240_9234_5678_0FFF);
        machine.State->Gpr[0] = SystemMachine.Spare;

        StepResult result = machine.Execute(0x8E, 0xC0); // mov es, eax

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x1234_5678UL, machine.State->SegmentBase[(int)SegmentName.ES]);
        Assert.Equal(0xFFFU, machine.State->SegmentLimit[(int)SegmentName.ES]);
        Assert.Equal(0x93UL, machine.Read(SystemMachine.Gdt + SystemMachine.Spare + 5, 1));
        Assert.True(machine.Mode.HasFlag(ModeFlags.EsBase | ModeFlags.EsChecked));
    }

    [Theory]
    [InlineData(0x104, ExceptionVector.GeneralProtection)] // past the limit
    [InlineData(0x30, ExceptionVector.GeneralProtection)] // a task-state segment
    [InlineData(0x60, ExceptionVector.SegmentNotPresent)]
    [InlineData(0x68, ExceptionVector.GeneralProtection)] // execute-only code
    [InlineData(0x0C, ExceptionVector.GeneralProtection)] // no LDT
    public void Load_of_a_bad_data_segment_names_the_selector(ushort selector, byte vector)
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.WriteDescriptor(0x60, 0x00CF_1300_0000_FFFF);
        machine.WriteDescriptor(0x68, 0x00CF_9900_0000_FFFF);
        SegmentLoader.SetNull(machine.State, SegmentName.Ldtr);
        machine.State->Gpr[0] = selector;

        StepResult result = machine.Execute(0x8E, 0xD8); // mov ds, eax

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(vector, machine.State->FaultVector);
        Assert.Equal(selector & 0xFFFCU, machine.State->FaultErrorCode);
        Assert.Equal(SystemMachine.KernelData, machine.Selector(SegmentName.DS));
    }

    [Theory]
    [InlineData(0x00, ExceptionVector.GeneralProtection, 0U)]
    [InlineData(0x13, ExceptionVector.GeneralProtection, 0x10U)] // RPL
    [InlineData(0x08, ExceptionVector.GeneralProtection, 8U)] // code
    [InlineData(0x60, ExceptionVector.StackFault, 0x60U)] // absent
    public void Load_of_a_bad_stack_segment_faults(ushort selector, byte vector, uint error)
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.WriteDescriptor(0x60, 0x00CF_1300_0000_FFFF);
        machine.State->Gpr[0] = selector;

        StepResult result = machine.Execute(0x8E, 0xD0); // mov ss, eax

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(vector, machine.State->FaultVector);
        Assert.Equal(error, machine.State->FaultErrorCode);
    }

    [Fact]
    public void Load_of_the_stack_segment_holds_interrupts_back()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.State->Gpr[0] = SystemMachine.KernelData;

        machine.Execute(0x8E, 0xD0); // mov ss, eax

        Assert.Equal(1, machine.State->InterruptShadow);
    }

    [Fact]
    public void Null_data_segment_loads_and_its_use_faults()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.State->Gpr[0] = 3;

        StepResult load = machine.Execute(0x8E, 0xD8); // mov ds, eax
        bool read = machine.Access.TryRead(SegmentName.DS, 0x6000, 4, out _);

        Assert.Equal(StepResult.Continue, load);
        Assert.False(read);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
        Assert.Equal(0U, machine.State->FaultErrorCode);
    }

    [Fact]
    public void Real_mode_load_keeps_a_limit_set_in_protected_mode()
    {
        using SystemMachine machine = SystemMachine.Real();
        machine.State->SegmentLimit[(int)SegmentName.DS] = uint.MaxValue;
        machine.State->Gpr[0] = 0x1234;

        machine.Execute(0x8E, 0xD8); // mov ds, ax

        Assert.Equal(0x1_2340UL, machine.State->SegmentBase[(int)SegmentName.DS]);
        Assert.Equal(uint.MaxValue, machine.State->SegmentLimit[(int)SegmentName.DS]);
    }

    [Fact]
    public void Push_and_pop_of_a_segment_move_the_stack_by_the_operand_size()
    {
        using SystemMachine machine = SystemMachine.Protected();
        ulong stack = machine.Rsp;

        machine.Execute(0x1E); // push ds
        ulong after = machine.Rsp;
        StepResult result = machine.Execute(0x07); // pop es

        Assert.Equal(stack - 4, after);
        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(stack, machine.Rsp);
    }

    [Fact]
    public void Push_of_a_segment_leaves_the_upper_word_of_the_slot_alone()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.Write(machine.Rsp - 4, 4, 0xDEAD_DEAD);

        machine.Execute(0x1E); // push ds

        Assert.Equal(0xDEAD_0000UL | SystemMachine.KernelData, machine.Read(machine.Rsp, 4));
    }

    [Fact]
    public void Lss_loads_the_stack_without_a_shadow()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.Write(0x6000, 8, 0x0010_0003_5000);

        StepResult result = machine.Execute(0x0F, 0xB2, 0x25, 0x00, 0x60, 0x00, 0x00); // lss esp, [6000h]

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x3_5000UL, machine.Rsp);
        Assert.Equal(0, machine.State->InterruptShadow);
    }

    [Theory]
    [InlineData(SystemMachine.KernelData, 0x00CF_9300U)]
    [InlineData(SystemMachine.Task, 0x0000_8900U)]
    public void Lar_returns_the_access_rights(ushort selector, uint expected)
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.State->Gpr[1] = selector;

        machine.Execute(0x0F, 0x02, 0xC1); // lar eax, ecx

        Assert.Equal(expected, (uint)machine.State->Gpr[0]);
        Assert.Equal(Rflags.Zero, machine.Flags & Rflags.Zero);
    }

    [Fact]
    public void Lsl_of_a_segment_out_of_reach_clears_zf_and_keeps_the_register()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.EnterUser();
        machine.State->Gpr[0] = 0x1234;
        machine.State->Gpr[1] = SystemMachine.KernelData;
        machine.State->ArithmeticFlags = Rflags.Zero;

        StepResult result = machine.Execute(0x0F, 0x03, 0xC1); // lsl eax, ecx

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x1234UL, machine.State->Gpr[0]);
        Assert.Equal(0UL, machine.Flags & Rflags.Zero);
    }

    [Fact]
    public void Arpl_raises_the_privilege_level_of_a_selector()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.State->Gpr[0] = 0x10;
        machine.State->Gpr[1] = 0x0B;

        machine.Execute(0x63, 0xC8); // arpl ax, cx

        Assert.Equal(0x13UL, machine.State->Gpr[0]);
        Assert.Equal(Rflags.Zero, machine.Flags & Rflags.Zero);
    }
}
