namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class ControlRegisterTests
{
    private static readonly byte[] s_writeCr0 = [0x0F, 0x22, 0xC0]; // mov cr0, eax or rax
    private static readonly byte[] s_writeCr3 = [0x0F, 0x22, 0xD8];
    private static readonly byte[] s_writeCr4 = [0x0F, 0x22, 0xE0];

    [Theory]
    [InlineData(0x8000_0000UL)] // PG without PE
    [InlineData(0x2000_0001UL)] // NW without CD
    public void Cr0_that_contradicts_itself_is_gp(ulong value)
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.State->Gpr[0] = value;

        StepResult result = machine.Execute(s_writeCr0);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(0x31UL, machine.State->Cr0);
    }

    [Theory]
    [InlineData(0x1_8001_0033UL)] // bits above 31
    [InlineData(0x0001_0033UL)] // paging off in 64-bit code
    public void Cr0_that_long_mode_does_not_take_is_gp(ulong value)
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Gpr[0] = value;

        StepResult result = machine.Execute(s_writeCr0);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(0x8001_0033UL, machine.State->Cr0);
    }

    [Fact]
    public void Paging_with_lme_activates_long_mode()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.State->Efer = ControlRegister.EferLongModeEnable;
        machine.State->Cr4 = ControlRegister.Cr4Pae;
        machine.State->Cr3 = SystemMachine.Pml4;
        machine.State->Gpr[0] = 0x8000_0031;

        StepResult result = machine.Execute(s_writeCr0);

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(ControlRegister.EferLongModeEnable | ControlRegister.EferLongModeActive, machine.State->Efer);
        Assert.Equal(ModeFlags.Code32, machine.Mode & (ModeFlags.Long | ModeFlags.Code32));
    }

    [Fact]
    public void Paging_with_lme_but_without_pae_is_gp()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.State->Efer = ControlRegister.EferLongModeEnable;
        machine.State->Gpr[0] = 0x8000_0031;

        StepResult result = machine.Execute(s_writeCr0);

        Assert.Equal(StepResult.Fault, result);
    }

    [Fact]
    public void Pae_paging_with_a_reserved_bit_in_a_pointer_is_gp()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.State->Cr4 = ControlRegister.Cr4Pae;
        machine.State->Cr3 = 0x20_0000;
        machine.Write(0x20_0000, 8, 0x20_1003);
        machine.State->Gpr[0] = 0x8000_0031;

        StepResult result = machine.Execute(s_writeCr0);

        Assert.Equal(StepResult.Fault, result);
    }

    [Theory]
    [InlineData(0xFFUL << 40)]
    [InlineData(1UL << 63)]
    public void Cr3_beyond_the_physical_width_is_gp(ulong value)
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Gpr[0] = SystemMachine.Pml4 | value;

        StepResult result = machine.Execute(s_writeCr3);

        Assert.Equal(StepResult.Fault, result);
    }

    [Fact]
    public void Cr3_with_pcid_takes_the_no_flush_bit_and_does_not_keep_it()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Cr4 |= ControlRegister.Cr4Pcid;
        machine.State->Gpr[0] = SystemMachine.Pml4 | 5 | (1UL << 63);

        StepResult result = machine.Execute(s_writeCr3);

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(SystemMachine.Pml4 | 5, machine.State->Cr3);
    }

    [Theory]
    [InlineData(0x1UL)] // VME is not promised
    [InlineData(0x1020UL)] // LA57
    [InlineData(0x2000UL)] // VMXE
    [InlineData(0x0UL)] // PAE off in long mode
    public void Cr4_that_the_model_does_not_take_is_gp(ulong value)
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Gpr[0] = value;

        StepResult result = machine.Execute(s_writeCr4);

        Assert.Equal(StepResult.Fault, result);
    }

    [Fact]
    public void Cr4_osxsave_depends_on_the_model()
    {
        using SystemMachine older = SystemMachine.Long(CpuModel.X64Version2);
        using SystemMachine newer = SystemMachine.Long(CpuModel.X64Version3Of2021);
        older.State->Gpr[0] = newer.State->Gpr[0] = ControlRegister.Cr4Pae | ControlRegister.Cr4OsXsave;

        StepResult refused = older.Execute(s_writeCr4);
        StepResult taken = newer.Execute(s_writeCr4);

        Assert.Equal(StepResult.Fault, refused);
        Assert.Equal(StepResult.Continue, taken);
    }

    [Fact]
    public void Control_registers_are_out_of_reach_for_users()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.EnterUser();

        StepResult result = machine.Execute(0x0F, 0x20, 0xC0); // mov rax, cr0

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
    }

    [Fact]
    public void Cr8_is_the_task_priority_of_the_apic()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Gpr[0] = 9;

        machine.Execute(0x44, 0x0F, 0x22, 0xC0); // mov cr8, rax
        machine.Execute(0x44, 0x0F, 0x20, 0xC1); // mov rcx, cr8

        Assert.Equal(9U, machine.Apic.TaskPriorityClass);
        Assert.Equal(9UL, machine.State->Gpr[1]);
    }

    [Theory]
    [InlineData(7UL, true)]
    [InlineData(1UL, true)]
    [InlineData(0UL, false)]
    [InlineData(5UL, false)]
    [InlineData(0xEUL, false)]
    [InlineData(0xFUL, false)]
    public void Xsetbv_takes_what_the_model_has(ulong value, bool expected)
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Cr4 |= ControlRegister.Cr4OsXsave;
        machine.State->Gpr[0] = value;
        machine.State->Gpr[2] = 0;

        StepResult result = machine.Execute(0x0F, 0x01, 0xD1); // xsetbv

        Assert.Equal(expected, result == StepResult.Continue);
    }

    [Fact]
    public void Lmsw_sets_pe_but_does_not_clear_it()
    {
        using SystemMachine machine = SystemMachine.Protected();
        machine.State->Gpr[0] = 0xE;

        machine.Execute(0x0F, 0x01, 0xF0); // lmsw ax

        Assert.Equal(0x3FUL, machine.State->Cr0);
    }

    [Theory]
    [InlineData(0x0F, 0x01, 0xE0)] // smsw eax
    [InlineData(0x0F, 0x00, 0xC0)] // sldt eax
    [InlineData(0x0F, 0x00, 0xC8)] // str eax
    public void Umip_hides_system_registers_from_users(byte first, byte second, byte third)
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.EnterUser();

        StepResult open = machine.Execute(first, second, third);
        machine.State->Cr4 |= ControlRegister.Cr4Umip;
        StepResult hidden = machine.Execute(first, second, third);

        Assert.Equal(StepResult.Continue, open);
        Assert.Equal(StepResult.Fault, hidden);
    }

    [Fact]
    public void Lgdt_and_sgdt_carry_limit_and_base()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.Write(0x6000, 8, 0x5678_9ABC_DEF0_1234);
        machine.Write(0x6008, 2, 0);

        StepResult load = machine.Execute(0x0F, 0x01, 0x14, 0x25, 0x00, 0x60, 0x00, 0x00); // lgdt [6000h]
        StepResult store = machine.Execute(0x0F, 0x01, 0x04, 0x25, 0x10, 0x60, 0x00, 0x00); // sgdt [6010h]

        Assert.Equal(StepResult.Continue, load);
        Assert.Equal(0x1234, machine.State->GdtrLimit);
        Assert.Equal(0x5678_9ABC_DEF0UL, machine.State->GdtrBase);
        Assert.Equal(StepResult.Continue, store);
        Assert.Equal(0x5678_9ABC_DEF0_1234UL, machine.Read(0x6010, 8));
    }

    [Fact]
    public void Ltr_marks_the_task_busy_and_takes_a_64_bit_base()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.WriteDescriptor(SystemMachine.OtherTask, 0x0000_8900_0000_0067 | (0x5000UL << 16));
        machine.WriteDescriptor(SystemMachine.OtherTask + 8, 0x7FFF);
        machine.State->Gpr[0] = SystemMachine.OtherTask;

        StepResult first = machine.Execute(0x0F, 0x00, 0xD8); // ltr ax
        StepResult second = machine.Execute(0x0F, 0x00, 0xD8);

        Assert.Equal(StepResult.Continue, first);
        Assert.Equal(0x7FFF_0000_5000UL, machine.State->TrBase);
        Assert.Equal(StepResult.Fault, second);
        Assert.Equal((uint)SystemMachine.OtherTask, machine.State->FaultErrorCode);
    }

    [Fact]
    public void Invlpg_drops_the_page()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.Mmu.TryFill(0x20_3000, MemoryAccess.Read, TlbMode.Supervisor);
        machine.State->Gpr[0] = 0x20_3000;

        machine.Execute(0x0F, 0x01, 0x38); // invlpg [rax]

        Assert.True(machine.Mmu.ReadPointer(0x20_3000, TlbMode.Supervisor) is null);
    }

    [Theory]
    [InlineData(4UL, 0UL, 0UL)] // no such type
    [InlineData(1UL, 0x1000UL, 0UL)] // reserved bits of the descriptor
    [InlineData(1UL, 1UL, 0UL)] // a context without CR4.PCIDE
    [InlineData(0UL, 0UL, 0x8000_0000_0000UL)] // an address that is not canonical
    public void Invpcid_with_a_bad_descriptor_is_gp(ulong type, ulong context, ulong linear)
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.Write(0x6000, 8, context);
        machine.Write(0x6008, 8, linear);
        machine.State->Gpr[0] = type;
        machine.State->Gpr[1] = 0x6000;

        StepResult result = machine.Execute(0x66, 0x0F, 0x38, 0x82, 0x01); // invpcid rax, [rcx]

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
    }
}
