using System.Diagnostics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>LOCK on several vCPUs: nothing is lost, wherever the operand lies (Intel SDM Vol. 3, section 8.1.2).</summary>
public sealed unsafe class LockedAccessTests : IDisposable
{
    private const int Vcpus = 3;
    private const ulong Crossing = CodeMachine.Data + 0xFFD;
    private const ulong BesideCode = CodeMachine.Code + 0x8040;

    private readonly CodeMachine _machine = new(Vcpus);

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(CodeMachine.Data, 20_000)]
    [InlineData(Crossing, 150)]
    [InlineData(BesideCode, 150)]
    public void Additions_from_every_vcpu_all_count(ulong counter, int rounds) => Add(counter, rounds);

    [Fact]
    public void Additions_across_two_cache_lines_all_count() => Add(CodeMachine.Data + 61, TrapsSplitLocks() ? 300 : 20_000);

    private void Add(ulong counter, int rounds)
    {
        _machine.Assemble(CodeMachine.Code, Count(rounds, a => a.@lock.add(__qword_ptr[rbx], 1)));
        _machine.Assemble(CodeMachine.Code + 0x8000, a => a.ret());
        Prepare(counter);

        _machine.RunAll(_ => CodeMachine.Code);

        Assert.Equal((ulong)(rounds * Vcpus), _machine.At<ulong>(counter));
    }

    [Theory]
    [InlineData(Crossing)]
    [InlineData(BesideCode)]
    public void Exchanged_values_are_neither_lost_nor_torn(ulong place)
    {
        const int Rounds = 150;
        _machine.Assemble(CodeMachine.Code, Count(Rounds, a =>
        {
            // RSI is what to put in, RDI the sum of what came out.
            a.mov(rax, rsi);
            a.xchg(__[rbx], rax);
            a.add(rdi, rax);
            a.add(rsi, rbp);
        }));
        _machine.Assemble(CodeMachine.Code + 0x8000, a => a.ret());
        Prepare(place);

        _machine.RunAll(_ => CodeMachine.Code);

        ulong put = 0;
        ulong got = _machine.At<ulong>(place);
        for (ulong index = 0; index < Vcpus; index++)
        {
            put += Step(index) * (Rounds * (Rounds + 1) / 2);
            got += _machine[(int)index].State->Gpr[7];
        }

        Assert.Equal(put, got);
    }

    [Fact]
    public void Compared_exchanges_of_sixteen_bytes_count_both_halves()
    {
        const int Rounds = 2000;
        _machine.Assemble(CodeMachine.Code, a =>
        {
            Label next = a.CreateLabel();
            Label again = a.CreateLabel();
            a.mov(r12d, Rounds);
            a.Label(ref next);
            a.mov(rax, __[rsi]);
            a.mov(rdx, __[rsi + 8]);
            a.Label(ref again);
            a.lea(rbx, __[rax + 1]);
            a.lea(rcx, __[rdx + 2]);
            a.@lock.cmpxchg16b(__[rsi]);
            a.jne(again);
            a.dec(r12d);
            a.jne(next);
            a.@out(TestBus.StopPort, al);
        });
        for (int index = 0; index < Vcpus; index++)
            _machine[index].State->Gpr[6] = CodeMachine.Data;

        _machine.RunAll(_ => CodeMachine.Code);

        Assert.Equal(Rounds * Vcpus, (int)_machine.At<ulong>(CodeMachine.Data));
        Assert.Equal(2 * Rounds * Vcpus, (int)_machine.At<ulong>(CodeMachine.Data + 8));
    }

    /// <summary>
    /// Linux notices locked accesses across two cache lines where the processor can tell it of them, and makes each take 0.2 ms (#DB, in a
    /// virtual machine) to 20 ms (#AC); otherwise it is one microsecond.
    /// </summary>
    private static bool TrapsSplitLocks()
    {
        const int Times = 20;
        byte* lines = stackalloc byte[192];
        var split = (long*)((((nint)lines + 63) & ~63) + 61);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Times; i++)
            Interlocked.Increment(ref *split);
        return Stopwatch.GetElapsedTime(start) > Times * TimeSpan.FromMicroseconds(50);
    }

    /// <summary>A step that shows in both halves of a value.</summary>
    private static ulong Step(ulong index) => (0x0001_0003_0005_0007 << 4) + index;

    private void Prepare(ulong place)
    {
        for (int index = 0; index < Vcpus; index++)
        {
            VcpuState* state = _machine[index].State;
            state->Gpr[3] = place;
            state->Gpr[5] = state->Gpr[6] = Step((ulong)index);
        }
    }

    /// <summary>Calls the function beside the counter first, so that code lies there.</summary>
    private static Action<Assembler> Count(int rounds, Action<Assembler> body) => a =>
    {
        Label loop = a.CreateLabel();
        a.mov(eax, (uint)CodeMachine.Code + 0x8000);
        a.call(rax);
        a.mov(ecx, rounds);
        a.Label(ref loop);
        body(a);
        a.dec(ecx);
        a.jne(loop);
        a.@out(TestBus.StopPort, al);
    };
}
