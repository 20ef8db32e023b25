using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>Pushes and pops in a row: done at once where the stack lets them, and one by one, to the very one that faults, elsewhere.</summary>
public sealed unsafe class StackRunTests : IDisposable
{
    private const ulong Page = 0x50_1000;
    private const ulong FunctionOffset = 0x100;

    private static readonly AssemblerRegister64[] s_registers = [rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];

    private readonly CodeMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(56)]
    [InlineData(120)]
    public void Every_register_goes_to_its_place_and_comes_back(ulong beyond)
    {
        SetRegisters();
        ulong top = Page + beyond;
        _machine.State->Gpr[4] = top;

        _machine.Run(a =>
        {
            Array.ForEach(s_registers, a.push);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(top - (ulong)(s_registers.Length * 8), _machine.State->Gpr[4]);
        for (int i = 0; i < s_registers.Length; i++)
            Assert.Equal(Value(s_registers[i]), _machine.At<ulong>(top - ((ulong)(i + 1) * 8)));

        _machine.Run(a =>
        {
            Array.ForEach(s_registers, a.pop);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(top, _machine.State->Gpr[4]);
        for (int i = 0; i < s_registers.Length; i++)
            Assert.Equal(Value(s_registers[^(i + 1)]), Register(s_registers[i]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void The_push_that_reaches_a_missing_page_faults(int fitting)
    {
        SetRegisters();
        _machine.UseInterruptStack(14);
        _machine.Entry(Page - 1) = 0;
        _machine.State->Gpr[4] = Page + ((ulong)fitting * 8);

        _machine.Run(a =>
        {
            foreach (AssemblerRegister64 register in (ReadOnlySpan<AssemblerRegister64>)[rbx, rdi, r12, rax, rsi, r15])
                a.push(register);
        });

        int[] lengths = [1, 1, 2, 1, 1, 2];
        ExceptionFrame frame = _machine.Caught(14);
        Assert.Equal((CodeMachine.Code + (ulong)lengths[..fitting].Sum(), Page), (frame.Rip, frame.Rsp));
        Assert.Equal(Value(rbx), _machine.At<ulong>(Page + ((ulong)(fitting - 1) * 8)));
    }

    [Fact]
    public void The_pop_that_reaches_a_missing_page_faults()
    {
        SetRegisters();
        _machine.UseInterruptStack(14);
        _machine.Entry(Page) = 0;
        _machine.State->Gpr[4] = Page - 16;
        (_machine.At<ulong>(Page - 16), _machine.At<ulong>(Page - 8)) = (11, 12);

        _machine.Run(a =>
        {
            foreach (AssemblerRegister64 register in (ReadOnlySpan<AssemblerRegister64>)[rbx, r12, rdi, rax])
                a.pop(register);
        });

        ExceptionFrame frame = _machine.Caught(14);
        Assert.Equal((CodeMachine.Code + 3, Page), (frame.Rip, frame.Rsp));
        Assert.Equal((11UL, 12UL, Value(rdi)), (Register(rbx), Register(r12), Register(rdi)));
    }

    [Theory]
    [InlineData(0x10_0000)]
    [InlineData(0x10_0FF8)]
    [InlineData(0x10_0FF0)]
    [InlineData(0x10_0FE0)]
    public void A_function_saves_and_restores_wherever_its_stack_lies(ulong stack)
    {
        SetRegisters();
        _machine.State->Gpr[4] = stack + 64;

        _machine.Run(a =>
        {
            Label function = a.CreateLabel();
            Label again = a.CreateLabel();
            a.mov(ecx, 3);
            a.Label(ref again);
            a.call(function);
            a.dec(ecx);
            a.jne(again);
            a.@out(TestBus.StopPort, al);
            a.Label(ref function);
            Array.ForEach([rbp, r15, r14, rbx], a.push);
            Array.ForEach([rbp, r15, r14, rbx], register => a.inc(register));
            Array.ForEach([rbx, r14, r15, rbp], a.pop);
            a.ret();
        });

        Assert.Equal(stack + 64, _machine.State->Gpr[4]);
        Assert.All((AssemblerRegister64[])[rbp, r15, r14, rbx], register => Assert.Equal(Value(register), Register(register)));
    }

    [Fact]
    public void The_return_behind_pops_is_the_one_that_faults()
    {
        _machine.State->Gpr[4] = CodeMachine.StackOf(0) - 24;
        (_machine.At<ulong>(CodeMachine.StackOf(0) - 24), _machine.At<ulong>(CodeMachine.StackOf(0) - 8)) = (1, 1UL << 63);

        _machine.Run(a =>
        {
            a.pop(rbx);
            a.pop(rbp);
            a.ret();
        });

        ExceptionFrame frame = _machine.Caught(13);
        Assert.Equal((CodeMachine.Code + 2, CodeMachine.StackOf(0) - 8), (frame.Rip, frame.Rsp));
        Assert.Equal(1UL, Register(rbx));
    }

    [Fact]
    public void Pushes_onto_code_change_it()
    {
        const ulong Stack = CodeMachine.Code + FunctionOffset + 8;
        byte[] changed = CodeMachine.Bytes(0, a => { a.mov(eax, 2); a.ret(); });
        _machine.State->Gpr[3] = BitConverter.ToUInt64([.. changed, 0x90, 0x90]);
        _machine.Assemble(CodeMachine.Code + FunctionOffset, a => { a.mov(eax, 1); a.ret(); });

        _machine.Run(a =>
        {
            a.call(CodeMachine.Code + FunctionOffset);
            a.mov(edi, eax);
            a.mov(rsi, rsp);
            a.mov(rsp, Stack);
            a.push(rbx);
            a.push(rsi);
            a.mov(rsp, rsi);
            a.call(CodeMachine.Code + FunctionOffset);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal((1UL, 2UL), (Register(rdi), Register(rax)));
    }

    private static ulong Value(AssemblerRegister64 register) => 0x1111_0000_0000_0000UL + (ulong)(register.Value - Iced.Intel.Register.RAX);

    private ulong Register(AssemblerRegister64 register) => _machine.State->Gpr[register.Value - Iced.Intel.Register.RAX];

    private void SetRegisters()
    {
        foreach (AssemblerRegister64 register in s_registers)
            _machine.State->Gpr[register.Value - Iced.Intel.Register.RAX] = Value(register);
    }
}
