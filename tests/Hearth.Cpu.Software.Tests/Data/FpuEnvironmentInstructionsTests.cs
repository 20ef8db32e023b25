namespace Hearth.Cpu.Software.Tests.Data;

public sealed unsafe class FpuEnvironmentInstructionsTests
{
    private const ulong Data = DataMachine.DataAddress;
    private const int OperandOffset = 0x1000;
    private const int ResultOffset = 0x2000;
    private const int OperandLength = 128;
    private static readonly byte[] s_load = [0x48, 0x0F, 0xAE, 0x0B];
    private static readonly byte[] s_store = [0x48, 0x0F, 0xAE, 0x06];

    /// <summary>The operand is at RDI. Loads wait for pending exceptions, so their initial state has none.</summary>
    public static TheoryData<string, byte[], bool> Forms => new()
    {
        { "fnstenv [rdi]", [0xD9, 0x37], true },
        { "data16 fnstenv [rdi]", [0x66, 0xD9, 0x37], true },
        { "fnsave [rdi]", [0xDD, 0x37], true },
        { "data16 fnsave [rdi]", [0x66, 0xDD, 0x37], true },
        { "fldenv [rdi]", [0xD9, 0x27], false },
        { "data16 fldenv [rdi]", [0x66, 0xD9, 0x27], false },
        { "frstor [rdi]", [0xDD, 0x27], false },
        { "data16 frstor [rdi]", [0x66, 0xDD, 0x27], false },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Environment_instruction_with_random_state_equals_the_host(string name, byte[] code, bool pending)
    {
        using var host = new HostProcessor();
        using DataMachine machine = DataMachine.Long();
        host.Load([.. s_load, .. code, .. s_store]);
        var random = new Random(name.Length);
        for (int i = 0; i < 300; i++)
        {
            Prepare(host, machine, random, pending);
            host.Run();
            machine.State->Rip = DataMachine.CodeAddress;

            StepResult result = machine.Run(code);

            Assert.Equal(StepResult.Continue, result);
            Assert.True(machine.Bytes(Data + OperandOffset, OperandLength).SequenceEqual(
                new ReadOnlySpan<byte>(host.Memory + OperandOffset, OperandLength)));
            AssertState(host.Memory + ResultOffset, machine.State->X87);
        }
    }

    [Fact]
    public void Fnstenv_takes_the_state_out_of_the_host_first()
    {
        using DataMachine machine = DataMachine.Long();
        machine.State->X87Loaded = 1;
        machine.Fpu.ControlWord = 0x27F;
        machine.Rdi = Data;

        machine.Run(0xD9, 0x37);

        Assert.Equal(1, machine.Fpu.Spills);
        Assert.Equal(0xFFFF_027FUL, machine.Read(Data, 4));
    }

    [Fact]
    public void Fnstenv_in_real_mode_marks_other_bits_as_reserved()
    {
        using DataMachine machine = DataMachine.Real();

        machine.Run(0x66, 0xD9, 0x36, 0x00, 0x01);

        uint[] words = [.. Enumerable.Range(0, 7).Select(i => (uint)machine.Read(Data + 0x100 + (ulong)(i * 4), 4))];
        Assert.Equal([0xFFFF_037F, 0xFFFF_0000, 0xFFFF_FFFF, 0xFFFF_0000, 0, 0xFFFF_0000, 0], words);
    }

    [Fact]
    public void Fldenv_with_an_exception_pending_raises_it()
    {
        using DataMachine machine = DataMachine.Long();
        *(ushort*)machine.State->X87 = 0x340;
        *(ushort*)(machine.State->X87 + 2) = 0x8081;
        machine.Rdi = Data;

        StepResult result = machine.Run(0xD9, 0x27);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.FloatingPoint, machine.State->FaultVector);
    }

    [Theory]
    [InlineData(ControlRegister.Cr0TaskSwitched)]
    [InlineData(ControlRegister.Cr0Emulation)]
    public void Fnsave_without_an_x87_unit_has_no_device(ulong flag)
    {
        using DataMachine machine = DataMachine.Long();
        machine.State->Cr0 |= flag;
        ModeState.Update(machine.State);
        machine.Rdi = Data;

        StepResult result = machine.Run(0xDD, 0x37);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.DeviceNotAvailable, machine.State->FaultVector);
    }

    [Fact]
    public void Fnsave_that_faults_does_not_initialize()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Unmap(Data + 0x1000);
        *(ushort*)machine.State->X87 = 0x27F;
        machine.Rdi = Data + 0xFC0;

        StepResult result = machine.Run(0xDD, 0x37);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(0x27F, *(ushort*)machine.State->X87);
        Assert.Equal(0UL, machine.Read(Data + 0xFC0));
    }

    private static void Prepare(HostProcessor host, DataMachine machine, Random random, bool pending)
    {
        byte* image = machine.State->X87;
        FpuImages.Randomize(image, random, pending);
        Span<byte> operand = machine.Bytes(Data + OperandOffset, OperandLength);
        random.NextBytes(operand);

        // The pointers of an environment that is loaded come back with the next store; ours are always zero.
        operand.CopyTo(new Span<byte>(host.Memory + OperandOffset, OperandLength));
        new ReadOnlySpan<byte>(image, 512).CopyTo(new Span<byte>(host.Memory, 512));
        *(uint*)(host.Memory + 24) = 0x1F80;
        machine.Rdi = Data + OperandOffset;
        host.Registers->Gpr[3] = (ulong)host.Memory;
        host.Registers->Gpr[6] = (ulong)(host.Memory + ResultOffset);
        host.Registers->Gpr[7] = (ulong)(host.Memory + OperandOffset);
        host.Registers->Flags = 0x202;
        host.Registers->Mxcsr = 0x1F80;
    }

    /// <summary>All but the opcode and the pointers.</summary>
    private static void AssertState(byte* expected, byte* actual)
    {
        Assert.Equal(*(ushort*)expected, *(ushort*)actual);
        Assert.Equal(*(ushort*)(expected + 2), *(ushort*)(actual + 2));
        Assert.Equal(expected[4], actual[4]);
        Assert.True(new ReadOnlySpan<byte>(expected + 32, 128).SequenceEqual(new ReadOnlySpan<byte>(actual + 32, 128)));
    }
}
