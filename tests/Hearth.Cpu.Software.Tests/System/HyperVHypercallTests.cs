namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class HyperVHypercallTests
{
    private const ulong Somebody = 0x8100_0000_0006_0C00;
    private const int Rax = 0;
    private const int Rcx = 1;
    private const int Rdx = 2;
    private const byte Vmcall = 0xC1;
    private const byte Vmmcall = 0xD9;

    [Theory]
    [InlineData(Vmcall, 0x7777UL, 2UL)]
    [InlineData(Vmmcall, 0x7777UL, 2UL)]
    [InlineData(Vmcall, 0x1_7777UL, 2UL)] // by registers
    [InlineData(Vmcall, 0x0FFF_0FFF_0001_7777UL, 2UL)] // repeated
    [InlineData(Vmcall, 0UL, 2UL)]
    [InlineData(Vmcall, 0x0800_7777UL, 3UL)] // reserved bits
    [InlineData(Vmcall, 0x0000_8000_0000_7777UL, 3UL)]
    [InlineData(Vmcall, 0xF000_0000_0000_7777UL, 3UL)]
    [InlineData(Vmcall, 0xF000_0000_0000_0002UL, 6UL)]
    [InlineData(Vmcall, 8UL, 6UL)]
    [InlineData(Vmcall, 0x5CUL, 6UL)]
    public void Call_in_64_bit_code_is_answered_with_its_status(byte modrm, ulong input, ulong status)
    {
        using SystemMachine machine = Known(SystemMachine.Long(null, ParavirtualInterface.HyperV));
        (machine.State->Gpr[Rax], machine.State->Gpr[Rcx], machine.State->Gpr[Rdx]) = (9, input, 0x1234);

        StepResult result = machine.Execute(0x0F, 0x01, modrm);

        Assert.Equal((StepResult.Continue, status, input, 0x1234UL), (result, machine.State->Gpr[Rax], machine.State->Gpr[Rcx], machine.State->Gpr[Rdx]));
        Assert.Equal(SystemMachine.Code + 3, machine.State->Rip);
    }

    [Fact]
    public void Call_in_32_bit_code_has_its_input_in_two_registers()
    {
        using SystemMachine machine = Known(SystemMachine.Protected(ParavirtualInterface.HyperV));
        (machine.State->Gpr[Rax], machine.State->Gpr[Rcx], machine.State->Gpr[Rdx]) = (0x7777, 8, 0x1000_0000);

        machine.Execute(0x0F, 0x01, Vmcall);

        Assert.Equal((3UL, 0UL, 8UL), (machine.State->Gpr[Rax], machine.State->Gpr[Rdx], machine.State->Gpr[Rcx]));
    }

    [Fact]
    public void Call_of_a_user_is_no_instruction()
    {
        using SystemMachine machine = Known(SystemMachine.Long(null, ParavirtualInterface.HyperV));
        machine.EnterUser();

        AssertUndefined(machine);
    }

    [Fact]
    public void Call_in_real_mode_is_no_instruction()
    {
        using SystemMachine machine = Known(SystemMachine.Real(ParavirtualInterface.HyperV));

        AssertUndefined(machine);
    }

    [Theory]
    [InlineData(ParavirtualInterface.HyperV)]
    [InlineData(ParavirtualInterface.Kvm)]
    [InlineData(ParavirtualInterface.None)]
    public void Call_of_a_guest_that_is_nobody_is_one_of_kvms(ParavirtualInterface paravirtual)
    {
        using SystemMachine machine = SystemMachine.Long(null, paravirtual);
        (machine.State->Gpr[Rax], machine.State->Gpr[Rcx]) = (0x77, 0x7777);

        machine.Execute(0x0F, 0x01, Vmcall);

        Assert.Equal(unchecked((ulong)-1000), machine.State->Gpr[Rax]);
    }

    private static SystemMachine Known(SystemMachine machine)
    {
        Assert.True(machine.System.Registers.TryWrite(Msr.HyperVGuestOsId, Somebody));
        return machine;
    }

    private static void AssertUndefined(SystemMachine machine)
    {
        machine.State->Gpr[Rax] = 9;

        StepResult result = machine.Execute(0x0F, 0x01, Vmcall);

        Assert.Equal((StepResult.Fault, ExceptionVector.InvalidOpcode, 9UL), (result, machine.State->FaultVector, machine.State->Gpr[Rax]));
    }
}
