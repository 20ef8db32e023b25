using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>A fault leaves everything as it was before the instruction, in the middle of a run of translated code, too.</summary>
public sealed unsafe class PreciseFaultTests : IDisposable
{
    /// <summary>A page that is not mapped, between two that are.</summary>
    private const ulong Hole = CodeMachine.Data + 0x1_0000;

    private const uint Read = 0;
    private const uint Write = 2;

    // RSI is the address of the operand, RSP the stack; RDI points at good memory.
    private static readonly Dictionary<string, Action<Assembler>> s_forms = new()
    {
        ["mov load"] = a => a.mov(rbx, __[rsi]),
        ["mov store"] = a => a.mov(__[rsi], rbx),
        ["add to memory"] = a => a.add(__[rsi], rbx),
        ["adc from memory"] = a => a.adc(rbx, __[rsi]),
        ["inc"] = a => a.inc(__qword_ptr[rsi]),
        ["shl by cl"] = a => a.shl(__qword_ptr[rsi], cl),
        ["bts"] = a => a.bts(__[rsi], rbx),
        ["xchg"] = a => a.xchg(__[rsi], rbx),
        ["xadd"] = a => a.@lock.xadd(__[rsi], rbx),
        ["cmpxchg"] = a => a.cmpxchg(__[rsi], rbx),
        ["cmpxchg16b"] = a => a.@lock.cmpxchg16b(__[rsi]),
        ["div"] = a => a.div(__qword_ptr[rsi]),
        ["push memory"] = a => a.push(__qword_ptr[rsi]),
        ["push"] = a => a.push(rbx),
        ["pushfq"] = a => a.pushfq(),
        ["pop memory"] = a => a.pop(__qword_ptr[rsi]),
        ["pop"] = a => a.pop(rbx),
        ["popfq"] = a => a.popfq(),
        ["call memory"] = a => a.call(__qword_ptr[rsi]),
        ["call"] = a => a.call(rdi),
        ["ret"] = a => a.ret(16),
        ["leave"] = a => a.leave(),
        ["movups load"] = a => a.movups(xmm0, __[rsi]),
        ["movups store"] = a => a.movups(__[rsi], xmm0),
        ["vmovups load"] = a => a.vmovups(ymm0, __[rsi]),
        ["vmovups store"] = a => a.vmovups(__[rsi], ymm0),
        ["vaddps"] = a => a.vaddps(ymm0, ymm0, __[rsi]),
        ["fld m80"] = a => a.fld(__tbyte_ptr[rsi]),
        ["fstp m80"] = a => a.fstp(__tbyte_ptr[rsi]),
    };

    private readonly CodeMachine _machine = new();

    public PreciseFaultTests() => _machine.Entry(Hole) = 0;

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("mov load", Read)]
    [InlineData("mov store", Write)]
    [InlineData("add to memory", Write)]
    [InlineData("adc from memory", Read)]
    [InlineData("inc", Write)]
    [InlineData("shl by cl", Write)]
    [InlineData("bts", Write)]
    [InlineData("xchg", Write)]
    [InlineData("xadd", Write)]
    [InlineData("cmpxchg", Write)]
    [InlineData("cmpxchg16b", Write)]
    [InlineData("div", Read)]
    [InlineData("push memory", Read)]
    [InlineData("pop memory", Write)]
    [InlineData("call memory", Read)]
    [InlineData("movups load", Read)]
    [InlineData("movups store", Write)]
    [InlineData("vmovups load", Read)]
    [InlineData("vmovups store", Write)]
    [InlineData("vaddps", Read)]
    [InlineData("fld m80", Read)]
    [InlineData("fstp m80", Write)]
    public void An_operand_in_a_page_that_is_not_there_changes_nothing(string form, uint error)
    {
        ulong start = RunTo(form, operand: Hole + 0x40, stack: CodeMachine.StackOf(0));

        AssertUntouched(start, error, Hole + 0x40, CodeMachine.StackOf(0));
    }

    [Theory]
    [InlineData("mov load", Read)]
    [InlineData("mov store", Write)]
    [InlineData("add to memory", Write)]
    [InlineData("inc", Write)]
    [InlineData("xchg", Write)]
    [InlineData("xadd", Write)]
    [InlineData("cmpxchg", Write)]
    [InlineData("push memory", Read)]
    [InlineData("pop memory", Write)]
    [InlineData("movups load", Read)]
    [InlineData("movups store", Write)]
    [InlineData("vmovups load", Read)]
    [InlineData("vmovups store", Write)]
    [InlineData("fld m80", Read)]
    [InlineData("fstp m80", Write)]
    public void An_operand_that_runs_into_such_a_page_changes_nothing(string form, uint error)
    {
        ulong start = RunTo(form, operand: Hole - 3, stack: CodeMachine.StackOf(0));

        AssertUntouched(start, error, Hole, CodeMachine.StackOf(0));
        Assert.Equal(0xA5A5A5A5A5A5A5A5UL, _machine.At<ulong>(Hole - 8));
    }

    [Theory]
    [InlineData("push", Write, -8)]
    [InlineData("push memory", Write, -8)]
    [InlineData("pushfq", Write, -8)]
    [InlineData("call", Write, -8)]
    [InlineData("call memory", Write, -8)]
    [InlineData("pop", Read, 0)]
    [InlineData("pop memory", Read, 0)]
    [InlineData("popfq", Read, 0)]
    [InlineData("ret", Read, 0)]
    public void A_stack_that_is_not_there_changes_nothing(string form, uint error, int at)
    {
        // The handler needs a good stack: it has one by an interrupt stack table.
        const ulong Stack = Hole + 0x80;

        ulong start = RunTo(form, operand: CodeMachine.Data + 0x100, stack: Stack);

        AssertUntouched(start, error, Stack + (ulong)at, Stack);
    }

    [Fact]
    public void Leave_from_a_frame_that_is_not_there_changes_nothing()
    {
        _machine.State->Gpr[5] = Hole;

        ulong start = RunTo("leave", operand: 0, stack: CodeMachine.StackOf(0));

        AssertUntouched(start, Read, Hole, CodeMachine.StackOf(0));
        Assert.Equal(Hole, _machine.State->Gpr[5]);
    }

    [Fact]
    public void A_misaligned_vector_is_a_general_protection_fault()
    {
        _machine.Run(a =>
        {
            a.mov(esi, (uint)CodeMachine.Data + 8);
            a.movaps(xmm0, __[rsi]);
        });

        ExceptionFrame frame = _machine.Caught(13);
        Assert.Equal((CodeMachine.Code + 5, 0U), (frame.Rip, frame.Error));
    }

    [Fact]
    public void A_misaligned_vector_over_a_page_boundary_is_one_too_and_the_memory_stays()
    {
        _machine.Run(a =>
        {
            a.mov(esi, (uint)CodeMachine.Data + 0xFF8);
            a.movaps(__[rsi], xmm0);
        });

        Assert.Equal(CodeMachine.Code + 5, _machine.Caught(13).Rip);
    }

    [Theory]
    [InlineData(0x8000_0000_0000UL)]
    [InlineData(0x7FFF_FFFF_FFFDUL)]
    [InlineData(0xFFFF_7FFF_FFFF_FFFFUL)]
    public void An_address_that_is_not_canonical_is_a_general_protection_fault(ulong address)
    {
        _machine.Run(a =>
        {
            a.mov(rsi, address);
            a.mov(rbx, __[rsi]);
        });

        ExceptionFrame frame = _machine.Caught(13);
        Assert.Equal((CodeMachine.Code + 10, 0U), (frame.Rip, frame.Error));
    }

    [Fact]
    public void A_frame_that_is_not_canonical_is_a_stack_fault()
    {
        _machine.Run(a =>
        {
            a.mov(rbp, 0x8000_0000_0000UL);
            a.mov(rbx, __[rbp]);
        });

        ExceptionFrame frame = _machine.Caught(12);
        Assert.Equal((CodeMachine.Code + 10, 0U), (frame.Rip, frame.Error));
    }

    [Fact]
    public void Division_by_zero_in_a_loop_stops_at_its_instruction()
    {
        _machine.Run(a =>
        {
            Label loop = a.CreateLabel();
            a.mov(ecx, 3);
            a.Label(ref loop);
            a.dec(ecx);
            a.mov(eax, 100);
            a.xor(edx, edx);
            a.div(ecx);
            a.jmp(loop);
        });

        Assert.Equal(CodeMachine.Code + 14, _machine.Caught(0).Rip);
        Assert.Equal((100UL, 0UL), (_machine.State->Gpr[0], _machine.State->Gpr[1]));
    }

    /// <summary>Runs a form in the middle of other code; CF and ZF and PF are set before it.</summary>
    /// <returns>Where the form lies.</returns>
    private ulong RunTo(string form, ulong operand, ulong stack)
    {
        _machine.At<ulong>(Hole - 8) = 0xA5A5A5A5A5A5A5A5;
        _machine.UseInterruptStack(14);
        VcpuState* state = _machine.State;
        (state->Gpr[6], state->Gpr[4], state->Gpr[7]) = (operand, stack, CodeMachine.Code + 0x800);
        (state->Gpr[0], state->Gpr[1], state->Gpr[2], state->Gpr[3]) = (11, 22, 33, 44);
        byte[] before = CodeMachine.Bytes(CodeMachine.Code, Before);
        _machine.Run(a =>
        {
            Before(a);
            s_forms[form](a);
            a.mov(eax, 1);
            a.@out(TestBus.StopPort, al);
        });
        return CodeMachine.Code + (ulong)before.Length;
    }

    private static void Before(Assembler a)
    {
        a.mov(r12, rbx);
        a.cmp(ebx, ebx);
        a.stc();
    }

    private void AssertUntouched(ulong start, uint error, ulong address, ulong stack)
    {
        VcpuState* state = _machine.State;
        ExceptionFrame frame = _machine.Caught(14);
        Assert.Equal((start, error, stack), (frame.Rip, frame.Error, frame.Rsp));
        Assert.Equal(address, state->Cr2);
        Assert.Equal(0x45UL, frame.Rflags & 0x8D5);
        Assert.Equal((11UL, 22UL, 33UL, 44UL), (state->Gpr[0], state->Gpr[1], state->Gpr[2], state->Gpr[3]));
    }
}
