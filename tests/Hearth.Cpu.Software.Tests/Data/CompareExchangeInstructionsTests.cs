using Hearth.Memory;

namespace Hearth.Cpu.Software.Tests.Data;

public sealed unsafe class CompareExchangeInstructionsTests
{
    private const ulong Data = DataMachine.DataAddress;
    private static readonly byte[] s_exchange8 = [0xF0, 0x0F, 0xC7, 0x0F];
    private static readonly byte[] s_exchange16 = [0xF0, 0x48, 0x0F, 0xC7, 0x0F];

    [Theory]
    [InlineData(0)]
    [InlineData(0xFFC)]
    public void Cmpxchg8b_of_an_equal_value_stores_and_sets_zf(ulong place)
    {
        using DataMachine machine = DataMachine.Long();
        machine.Rdi = Data + place;
        machine.Write(machine.Rdi, 0x2222_2222_1111_1111);
        (machine.Rax, machine.Rdx) = (0xFFFF_FFFF_1111_1111, 0x2222_2222);
        (machine.Rbx, machine.Rcx) = (0x3333_3333, 0x4444_4444);
        machine.State->ArithmeticFlags = ArithmeticFlag.Carry;

        StepResult result = machine.Run(s_exchange8);

        Assert.Equal(StepResult.Continue, result);
        Assert.Equal(0x4444_4444_3333_3333UL, machine.Read(Data + place));
        Assert.Equal(ArithmeticFlag.Carry | ArithmeticFlag.Zero, machine.State->ArithmeticFlags);
        Assert.Equal(0xFFFF_FFFF_1111_1111UL, machine.Rax);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0xFFC)]
    public void Cmpxchg8b_of_another_value_loads_it_and_clears_zf(ulong place)
    {
        using DataMachine machine = DataMachine.Long();
        machine.Rdi = Data + place;
        machine.Write(machine.Rdi, 0x2222_2222_1111_1111);
        (machine.Rax, machine.Rdx) = (ulong.MaxValue, ulong.MaxValue);
        machine.State->ArithmeticFlags = ArithmeticFlag.Zero;

        machine.Run(s_exchange8);

        Assert.Equal((0x1111_1111UL, 0x2222_2222UL), (machine.Rax, machine.Rdx));
        Assert.Equal(0UL, machine.State->ArithmeticFlags);
        Assert.Equal(0x2222_2222_1111_1111UL, machine.Read(Data + place));
    }

    [Fact]
    public void Cmpxchg16b_exchanges_both_words()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Rdi = Data + 16;
        (machine.Rax, machine.Rdx, machine.Rbx, machine.Rcx) = (1, 2, 3, 4);
        machine.Write(Data + 16, 1);
        machine.Write(Data + 24, 2);

        machine.Run(s_exchange16);
        (ulong Low, ulong High, ulong Flags) first = (machine.Read(Data + 16), machine.Read(Data + 24), machine.State->ArithmeticFlags);
        machine.Run(s_exchange16);

        Assert.Equal((3UL, 4UL, ArithmeticFlag.Zero), first);
        Assert.Equal((3UL, 4UL, 0UL), (machine.Rax, machine.Rdx, machine.State->ArithmeticFlags));
    }

    [Fact]
    public void Cmpxchg16b_that_is_not_aligned_is_refused()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Rdi = Data + 8;

        StepResult result = machine.Run(s_exchange16);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.GeneralProtection, machine.State->FaultVector);
    }

    [Fact]
    public void Cmpxchg8b_of_a_read_only_page_faults_even_when_it_would_not_store()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Protect(Data);
        machine.Rdi = Data;
        machine.Rax = 1;

        StepResult result = machine.Run(s_exchange8);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(ExceptionVector.PageFault, machine.State->FaultVector);
        Assert.Equal(1UL, machine.Rax);
    }

    [Fact]
    public void Cmpxchg16b_on_a_page_with_code_tells_the_observer()
    {
        using DataMachine machine = DataMachine.Long();
        var observer = new RecordingCodeObserver();
        machine.Ram.CodeObserver = observer;
        machine.Ram.SetFlags(Data, PageFlags.Code);
        machine.Rdi = Data + 32;

        machine.Run(s_exchange16);

        Assert.Equal([(Data + 32, 16)], observer.Writes);
    }
}
