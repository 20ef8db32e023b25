using Hearth.Testing;
using Iced.Intel;

namespace Hearth.Cpu.Software.Tests.Data;

public sealed unsafe class DataInstructionsTests
{
    private const ulong Data = DataMachine.DataAddress;

    [Theory]
    [InlineData(Code.Movsb_m8_m8)]
    [InlineData(Code.Outsd_DX_m32)]
    [InlineData(Code.In_AL_imm8)]
    [InlineData(Code.Daa)]
    [InlineData(Code.Enterq_imm16_imm8)]
    [InlineData(Code.Pushad)]
    [InlineData(Code.Popaw)]
    [InlineData(Code.Bound_r32_m3232)]
    [InlineData(Code.Fnsave_m108byte)]
    [InlineData(Code.Fxrstor64_m512byte)]
    [InlineData(Code.Xsavec64_mem)]
    [InlineData(Code.VEX_Vldmxcsr_m32)]
    [InlineData(Code.VEX_Vpgatherqq_ymm_vm64y_ymm)]
    [InlineData(Code.VEX_Vmaskmovdqu_rDI_xmm_xmm)]
    [InlineData(Code.Cmpxchg16b_m128)]
    [InlineData(Code.Rdseed_r64)]
    public void Data_instruction_is_handled(Code code) => Assert.True(DataInstructions.Handles(code));

    [Theory]
    [InlineData(Code.Movsd_xmm_xmmm64)]
    [InlineData(Code.Cmpsd_xmm_xmmm64_imm8)]
    [InlineData(Code.EVEX_Vpgatherdd_zmm_k1_vm32z)]
    [InlineData(Code.Push_r64)]
    [InlineData(Code.Add_rm8_r8)]
    [InlineData(Code.Xsaves_mem)]
    [InlineData(Code.INVALID)]
    public void Other_instruction_is_not_handled(Code code) => Assert.False(DataInstructions.Handles(code));

    [Fact]
    public void Instruction_that_is_not_handled_is_unsupported()
    {
        using DataMachine machine = DataMachine.Long();

        StepResult result = machine.Run(0x90);

        Assert.Equal(StepResult.Unsupported, result);
    }

    public static TheoryData<string, byte[]> Everything => new()
    {
        { "rep movsb", [0xF3, 0xA4] },
        { "rep stosq", [0xF3, 0x48, 0xAB] },
        { "repne scasb", [0xF2, 0xAE] },
        { "repe cmpsw", [0xF3, 0x66, 0xA7] },
        { "rep lodsb", [0xF3, 0xAC] },
        { "in al, dx", [0xEC] },
        { "xlat", [0xD7] },
        { "sahf", [0x9E] },
        { "enter", [0xC8, 16, 0, 3] },
        { "push [rdi]", [0xFF, 0x37] },
        { "fnsave", [0xDD, 0x37] },
        { "frstor", [0xDD, 0x27] },
        { "fxsave64", [0x48, 0x0F, 0xAE, 0x07] },
        { "xsave64", [0x48, 0x0F, 0xAE, 0x27] },
        { "xsaveopt64", [0x48, 0x0F, 0xAE, 0x37] },
        { "xrstor64", [0x48, 0x0F, 0xAE, 0x2F] },
        { "stmxcsr", [0x0F, 0xAE, 0x1F] },
        { "vpgatherdd", [0xC4, 0xE2, 0x6D, 0x90, 0x0C, 0x9F] },
        { "vpmaskmovd", [0xC4, 0xE2, 0x6D, 0x8E, 0x0F] },
        { "maskmovq", [0x0F, 0xF7, 0xCA] },
        { "cmpxchg16b", [0xF0, 0x48, 0x0F, 0xC7, 0x0F] },
        { "clflush", [0x0F, 0xAE, 0x3F] },
        { "rdrand", [0x48, 0x0F, 0xC7, 0xF0] },
        { "rdseed", [0x48, 0x0F, 0xC7, 0xF8] },
    };

    [Theory]
    [MemberData(nameof(Everything))]
    public void Instruction_allocates_nothing(string name, byte[] code)
    {
        using DataMachine machine = DataMachine.Long();
        machine.State->SystemFlags |= Rflags.IoPrivilege;
        ModeState.Update(machine.State);
        Instruction instruction = machine.Decode(code);

        long allocated = Allocations.Of(() => RunRepeatedly(machine, instruction, 20));

        Assert.True(allocated == 0, $"{name} allocated {allocated} bytes");
        Assert.Equal(0, machine.State->FaultPending);
    }

    [Fact]
    public void Fault_allocates_nothing()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Unmap(Data);
        Instruction instruction = machine.Decode([0xF3, 0xA4]);

        long allocated = Allocations.Of(() => RunRepeatedly(machine, instruction, 20));

        Assert.Equal(0, allocated);
        Assert.Equal(1, machine.State->FaultPending);
    }

    [Fact]
    public void Clflush_of_an_unmapped_page_faults_as_a_read()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Unmap(Data);
        machine.Rdi = Data;

        StepResult result = machine.Run(0x0F, 0xAE, 0x3F);

        Assert.Equal(StepResult.Fault, result);
        Assert.Equal(PageFaultCode.User, machine.State->FaultErrorCode);
    }

    [Fact]
    public void Prefetch_of_an_unmapped_page_does_nothing()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Unmap(Data);
        machine.Rdi = Data;

        StepResult result = machine.Run(0x0F, 0x18, 0x0F);

        Assert.Equal(StepResult.Continue, result);
    }

    [Theory]
    [InlineData(0xF0)]
    [InlineData(0xF8)]
    public void Random_number_sets_carry_alone_and_the_whole_register(byte operand)
    {
        using DataMachine machine = DataMachine.Long();
        machine.Rax = ulong.MaxValue;
        machine.State->ArithmeticFlags = ArithmeticFlag.All;

        machine.Run(0x0F, 0xC7, operand);

        Assert.Equal(ArithmeticFlag.Carry, machine.State->ArithmeticFlags);
        Assert.Equal(0UL, machine.Rax >> 32);
    }

    [Theory]
    [InlineData(0xF0)]
    [InlineData(0xF8)]
    public void Random_number_of_64_bits_is_another_one_each_time(byte operand)
    {
        using DataMachine machine = DataMachine.Long();
        machine.Run(0x48, 0x0F, 0xC7, operand);
        ulong first = machine.Rax;

        machine.State->Rip = DataMachine.CodeAddress;
        machine.Run(0x48, 0x0F, 0xC7, operand);

        Assert.NotEqual(first, machine.Rax);
    }

    [Fact]
    public void Random_number_of_16_bits_leaves_the_rest()
    {
        using DataMachine machine = DataMachine.Long();
        machine.Rax = ulong.MaxValue;

        machine.Run(0x66, 0x0F, 0xC7, 0xF8);

        Assert.Equal(ulong.MaxValue >> 16, machine.Rax >> 16);
    }

    private static void RunRepeatedly(DataMachine machine, in Instruction instruction, int times)
    {
        for (int i = 0; i < times; i++)
        {
            machine.State->Rip = DataMachine.CodeAddress;
            machine.Rsp = DataMachine.StackTop;
            machine.Rbp = DataMachine.StackTop;
            machine.Rsi = Data;
            machine.Rdi = Data + 0x1000;
            machine.Rbx = Data;
            machine.Rcx = 64;
            machine.Rax = 7;
            machine.Rdx = 0;
            machine.Instructions.Execute(instruction);
        }
    }
}
