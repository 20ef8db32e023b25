namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class ModelSpecificRegistersTests
{
    [Theory]
    [InlineData(Msr.Lstar, 0xFFFF_8000_0000_1234UL)]
    [InlineData(Msr.Star, 0x0023_0010_0000_0000UL)]
    [InlineData(Msr.SysenterCs, 0x10UL)]
    [InlineData(Msr.GsBase, 0x7FFF_FFFF_FFFFUL)]
    [InlineData(Msr.KernelGsBase, 0xFFFF_8000_0000_0000UL)]
    [InlineData(Msr.Pat, 0x0007_0106_0007_0406UL)]
    [InlineData(Msr.MtrrPhysBase0, 0xC000_0000UL)]
    [InlineData(Msr.MtrrPhysBase0 + 1, 0xFF_C000_0800UL)]
    [InlineData(Msr.MtrrFix4KLast, 0x0505_0505_0505_0505UL)]
    [InlineData(Msr.MtrrDefType, 0xC06UL)]
    [InlineData(Msr.TscDeadline, 0x1234UL)]
    [InlineData(Msr.SpecCtrl, 1UL)]
    [InlineData(Msr.TscAux, 3UL)]
    public void Register_reads_back_what_was_written(uint msr, ulong value)
    {
        using SystemMachine machine = SystemMachine.Long();

        bool written = machine.System.Registers.TryWrite(msr, value);
        bool read = machine.System.Registers.TryRead(msr, out ulong found);

        Assert.True(written);
        Assert.True(read);
        Assert.Equal(value, found);
    }

    [Theory]
    [InlineData(Msr.Lstar, 0x8000_0000_0000UL)]
    [InlineData(Msr.SyscallMask, 0x1_0000_0000UL)]
    [InlineData(Msr.Pat, 0x0207_0406_0007_0406UL)]
    [InlineData(Msr.MtrrFix64K, 0x0700_0000_0000_0000UL)]
    [InlineData(Msr.MtrrDefType, 0x1_0006UL)]
    [InlineData(Msr.MtrrCap, 0UL)]
    [InlineData(Msr.Efer, 0x1_0000UL)]
    [InlineData(Msr.Efer, 0x801UL)] // LME off while paging
    [InlineData(Msr.FeatureControl, 1UL)]
    [InlineData(Msr.ArchCapabilities, 0UL)]
    [InlineData(Msr.X2ApicFirst + 0xFF, 0UL)]
    [InlineData(0x1234_5678U, 0UL)]
    public void Register_refuses_what_it_does_not_take(uint msr, ulong value)
    {
        using SystemMachine machine = SystemMachine.Long();

        bool written = machine.System.Registers.TryWrite(msr, value);

        Assert.False(written);
    }

    [Fact]
    public void Rdmsr_of_an_unknown_register_is_gp()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Gpr[1] = 0x1234_5678;

        StepResult result = machine.Execute(0x0F, 0x32); // rdmsr

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
    }

    [Fact]
    public void Rdmsr_clears_the_upper_halves()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Gpr[0] = machine.State->Gpr[2] = ulong.MaxValue;
        machine.State->Gpr[1] = Msr.ArchCapabilities;

        machine.Execute(0x0F, 0x32); // rdmsr

        Assert.Equal(SpeculationControls.OfTranslatedCode.ArchCapabilities & uint.MaxValue, machine.State->Gpr[0]);
        Assert.Equal(SpeculationControls.OfTranslatedCode.ArchCapabilities >> 32, machine.State->Gpr[2]);
    }

    [Fact]
    public void Writing_the_tsc_moves_its_offset_and_its_adjustment()
    {
        using SystemMachine machine = SystemMachine.Long();

        machine.System.Registers.TryWrite(Msr.Tsc, machine.Tsc.Now + 1000);
        machine.System.Registers.TryWrite(Msr.TscAdjust, 400);

        Assert.Equal(400UL, machine.State->TscOffset);
        Assert.Equal(400UL, machine.State->TscAdjust);
    }

    [Fact]
    public void Apic_registers_go_to_the_apic()
    {
        using SystemMachine machine = SystemMachine.Long();

        machine.System.Registers.TryWrite(Msr.ApicBase, 0xFEE0_0D00);

        Assert.Equal(0xFEE0_0D00UL, machine.Apic.ApicBase);
    }

    [Fact]
    public void Rdtsc_at_level_3_obeys_tsd()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.EnterUser();

        StepResult open = machine.Execute(0x0F, 0x31); // rdtsc
        ulong low = machine.State->Gpr[0];
        ulong high = machine.State->Gpr[2];
        machine.State->Cr4 |= ControlRegister.Cr4TimeStampDisable;
        StepResult closed = machine.Execute(0x0F, 0x31);

        Assert.Equal(StepResult.Continue, open);
        Assert.Equal(2UL, low);
        Assert.Equal(1UL, high);
        Assert.Equal(StepResult.Fault, closed);
    }

    [Fact]
    public void Cpuid_follows_osxsave_xcr0_and_the_apic()
    {
        using SystemMachine machine = SystemMachine.Long();
        machine.State->Cr4 |= ControlRegister.Cr4OsXsave;
        machine.State->Xcr0 = 7;
        machine.Apic.Registers[Msr.ApicBase] = 0xFEE0_0000;

        machine.State->Gpr[0] = 1;
        machine.Execute(0x0F, 0xA2); // cpuid
        ulong features = machine.State->Gpr[1];
        ulong apic = machine.State->Gpr[2] & (1 << 9);
        machine.State->Gpr[0] = 0xD;
        machine.State->Gpr[1] = 0;
        machine.Execute(0x0F, 0xA2);

        Assert.Equal(1UL << 27, features & (1 << 27));
        Assert.Equal(0UL, apic);
        Assert.Equal(832UL, machine.State->Gpr[3]);
    }
}
