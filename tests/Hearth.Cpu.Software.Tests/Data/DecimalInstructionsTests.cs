namespace Hearth.Cpu.Software.Tests.Data;

public sealed unsafe class DecimalInstructionsTests
{
    private const ulong CarryAdjust = ArithmeticFlag.Carry | ArithmeticFlag.Adjust;
    private const ulong Digits = ArithmeticFlag.Sign | ArithmeticFlag.Zero | ArithmeticFlag.Parity;

    public static TheoryData<string, ulong, byte[]> Adjustments => new()
    {
        { "aaa", CarryAdjust, [0x37] },
        { "aas", CarryAdjust, [0x3F] },
        { "daa", CarryAdjust | Digits, [0x27] },
        { "das", CarryAdjust | Digits, [0x2F] },
        { "aam 10", Digits, [0xD4, 10] },
        { "aam 16", Digits, [0xD4, 16] },
        { "aam 255", Digits, [0xD4, 255] },
        { "aad 10", Digits, [0xD5, 10] },
        { "aad 7", Digits, [0xD5, 7] },
        { "aad 0", Digits, [0xD5, 0] },
        { "salc", ArithmeticFlag.All, [0xD6] },
    };

    public static TheoryData<string, byte[]> FlagMoves => new()
    {
        { "lahf", [0x9F] },
        { "sahf", [0x9E] },
    };

    /// <summary>Every value of AX with every combination of CF and AF: the host's processor is the reference.</summary>
    [Theory]
    [MemberData(nameof(Adjustments))]
    public void Adjustment_of_any_value_equals_the_host(string name, ulong defined, byte[] code)
    {
        using var host = new HostProcessor();
        using DataMachine machine = DataMachine.Protected32();
        host.Load32(code);

        AssertSameForAnyValue(name, code, HostProcessor.Comparable(defined), host, machine);
    }

    [Theory]
    [MemberData(nameof(FlagMoves))]
    public void Move_of_flags_of_any_value_equals_the_host(string name, byte[] code)
    {
        using var host = new HostProcessor();
        using DataMachine machine = DataMachine.Long();
        host.Load(code);

        AssertSameForAnyValue(name, code, ArithmeticFlag.All, host, machine);
    }

    [Fact]
    public void Aam_by_zero_is_a_divide_error()
    {
        using DataMachine machine = DataMachine.Protected32();
        machine.Rax = 0x1234;

        StepResult result = machine.Run(0xD4, 0);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.DivideError, machine.State->FaultVector);
        Assert.Equal(0x1234UL, machine.Rax);
        Assert.Equal(DataMachine.CodeAddress, machine.State->Rip);
    }

    [Fact]
    public void Xlat_reads_the_table_at_rbx_plus_al()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Rbx = DataMachine.DataAddress - 0xFF;
        machine.Rax = 0x1122_33FF;
        machine.Write(DataMachine.DataAddress, 0x5A, 1);

        StepResult result = machine.Run(0xD7);

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x1122_335AUL, machine.Rax);
    }

    [Fact]
    public void Xlat_with_16_bit_addresses_wraps_within_the_segment()
    {
        using DataMachine machine = DataMachine.Real();
        machine.Rbx = 0xFFFF;
        machine.Rax = 0x02;
        machine.Write(DataMachine.DataAddress + 1, 0x77, 1);

        machine.Run(0xD7);

        Assert.Equal(0x77UL, machine.Rax);
    }

    private static void AssertSameForAnyValue(string name, byte[] code, ulong comparable, HostProcessor host, DataMachine machine)
    {
        Iced.Intel.Instruction instruction = machine.Decode(code);
        for (ulong input = 0; input < 0x4_0000; input++)
        {
            ulong flags = ((input >> 16) & 1) | (((input >> 17) & 1) << 4) | ((input * 0x9E3779B9) & (ArithmeticFlag.All ^ CarryAdjust));
            host.Registers->Gpr[0] = 0xDEAD_0000 | (input & 0xFFFF);
            host.Registers->Mxcsr = 0x1F80;
            host.Registers->Flags = flags | 0x202;
            host.Run();
            machine.Rax = 0xDEAD_0000 | (input & 0xFFFF);
            machine.State->ArithmeticFlags = flags;
            machine.Instructions.Execute(instruction);
            bool agrees = machine.Rax == host.Registers->Gpr[0]
                && ((machine.State->ArithmeticFlags ^ host.Registers->Flags) & comparable) == 0;
            Assert.True(
                agrees,
                agrees ? "" : $"{name} of {input & 0xFFFF:X4}, flags {flags:X3}: {machine.Rax:X8} {machine.State->ArithmeticFlags:X3}, " +
                $"the host {host.Registers->Gpr[0]:X8} {host.Registers->Flags & ArithmeticFlag.All:X3}");
        }
    }
}
