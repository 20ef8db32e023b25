using System.Diagnostics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>Between which two instructions an interrupt arrives, and that it arrives.</summary>
public sealed unsafe class InterruptBoundaryTests : IDisposable
{
    private const int Vector = 0x40;
    private const ulong Counter = CodeMachine.Data;
    private const ulong CountingHandler = CodeMachine.Code + 0x2000;

    private readonly CodeMachine _machine = new();

    public InterruptBoundaryTests() => _machine.Bus.Called = () => _machine.Apic.Raise(Vector);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Sti_lets_one_instruction_pass()
    {
        _machine.Run(a =>
        {
            a.xor(eax, eax);
            a.@out(TestBus.CallPort, al);
            a.sti();
            a.inc(eax);
            a.inc(eax);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal((CodeMachine.Code + 7, 1UL), (_machine.Caught(Vector).Rip, _machine.State->Gpr[0]));
    }

    [Fact]
    public void Sti_before_a_jump_lets_the_jump_pass()
    {
        _machine.Run(a =>
        {
            Label there = a.CreateLabel();
            a.@out(TestBus.CallPort, al);
            a.sti();
            a.jmp(there);
            a.nop();
            a.Label(ref there);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(CodeMachine.Code + 6, _machine.Caught(Vector).Rip);
    }

    [Fact]
    public void Sti_and_hlt_wake_up_behind_the_hlt()
    {
        _machine.Run(a =>
        {
            a.@out(TestBus.CallPort, al);
            a.sti();
            a.hlt();
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(CodeMachine.Code + 4, _machine.Caught(Vector).Rip);
    }

    /// <summary>An interrupt between the two would be gone when HLT begins to wait for it.</summary>
    [Fact]
    public void Sti_at_the_end_of_a_page_lets_the_first_instruction_of_the_next_pass()
    {
        const ulong Boundary = CodeMachine.Code + 0x1000;
        _machine.Assemble(Boundary - 3, a =>
        {
            a.@out(TestBus.CallPort, al);
            a.sti();
            a.hlt();
            a.@out(TestBus.StopPort, al);
        });

        _machine.Run(Boundary - 3);

        Assert.Equal(Boundary + 1, _machine.Caught(Vector).Rip);
    }

    [Fact]
    public void Sti_and_cli_leave_no_gap()
    {
        _machine.Run(a =>
        {
            a.@out(TestBus.CallPort, al);
            a.sti();
            a.cli();
            a.nop();
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(CodeMachine.Code + 7, _machine.State->Rip);
        Assert.True(_machine.Apic.HasInterrupt);
    }

    [Fact]
    public void Popf_opens_the_window_at_once()
    {
        _machine.Run(a =>
        {
            a.@out(TestBus.CallPort, al);
            a.push(0x202);
            a.popfq();
            a.inc(eax);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(CodeMachine.Code + 8, _machine.Caught(Vector).Rip);
    }

    [Fact]
    public void Iret_opens_the_window_at_once()
    {
        _machine.Run(a =>
        {
            Label there = a.CreateLabel();
            a.xor(edx, edx);
            a.@out(TestBus.CallPort, al);
            a.mov(rbx, rsp);
            a.push(0x10);
            a.push(rbx);
            a.push(0x202);
            a.push(8);
            a.lea(rcx, __[there]);
            a.push(rcx);
            a.iretq();
            a.nop();
            a.Label(ref there);
            a.inc(edx);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(_machine.State->Gpr[1], _machine.Caught(Vector).Rip);
        Assert.Equal(0UL, _machine.State->Gpr[2]);
    }

    [Fact]
    public void A_load_of_ss_lets_one_instruction_pass()
    {
        _machine.Bus.Registers[0] = 0x10;
        _machine.Bus.Touched = () => _machine.Apic.Raise(Vector);

        _machine.Run(a =>
        {
            a.mov(esi, (uint)CodeMachine.Device);
            a.xor(eax, eax);
            a.sti();
            a.nop();
            a.mov(ss, __[rsi]);
            a.inc(eax);
            a.inc(eax);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal((CodeMachine.Code + 13, 1UL), (_machine.Caught(Vector).Rip, _machine.State->Gpr[0]));
    }

    [Fact]
    public void An_nmi_and_an_interrupt_at_once_both_arrive()
    {
        _machine.Bus.Called = () =>
        {
            _machine.Vcpu.NonMaskableInterrupt();
            _machine.Apic.Raise(Vector);
        };
        CountAt(2);

        _machine.Run(WaitForStop);

        Assert.Equal(1UL, _machine.At<ulong>(Counter));
        _machine.Caught(Vector);
    }

    [Fact]
    public void An_nmi_during_an_nmi_arrives_after_it()
    {
        int left = 1;
        _machine.Bus.Called = () => _machine.Vcpu.NonMaskableInterrupt();
        _machine.Bus.Touched = () => _machine.Bus.Called = left-- > 0 ? _machine.Vcpu.NonMaskableInterrupt : () => _machine.Apic.Raise(Vector);
        _machine.SetHandler(2, CountingHandler);
        _machine.Assemble(CountingHandler, a =>
        {
            // The first time another NMI is sent from in here, the second time an interrupt.
            a.mov(eax, __dword_ptr[CodeMachine.Device]);
            a.@out(TestBus.CallPort, al);
            a.inc(__qword_ptr[Counter]);
            a.iretq();
        });

        _machine.Run(WaitForStop);

        Assert.Equal(2UL, _machine.At<ulong>(Counter));
        _machine.Caught(Vector);
    }

    public static TheoryData<string> Loops => [.. s_loops.Keys];

    private static readonly Dictionary<string, Action<Assembler>> s_loops = new()
    {
        ["jump to itself"] = a => { Label l = a.CreateLabel(); a.Label(ref l); a.jmp(l); },
        ["conditional"] = a => { Label l = a.CreateLabel(); a.Label(ref l); a.cmp(eax, eax); a.je(l); },
        ["two pages"] = a => { Label l = a.CreateLabel(); a.Label(ref l); a.mov(esi, (uint)CodeMachine.Code + 0x4000); a.call(rsi); a.jmp(l); },
        ["indirect"] = a => { Label l = a.CreateLabel(); a.lea(rdi, __[l]); a.Label(ref l); a.jmp(rdi); },
        ["counter"] = a => { Label l = a.CreateLabel(); a.Label(ref l); a.mov(ecx, 9); a.loop(l); a.jmp(l); },
        ["halt"] = a => { Label l = a.CreateLabel(); a.Label(ref l); a.hlt(); a.jmp(l); },
        ["sti and cli"] = a => { Label l = a.CreateLabel(); a.Label(ref l); a.sti(); a.nop(); a.cli(); a.jmp(l); },
        ["popf"] = a => { Label l = a.CreateLabel(); a.Label(ref l); a.push(2); a.popfq(); a.push(0x202); a.popfq(); a.jmp(l); },
        ["string"] = a => { Label l = a.CreateLabel(); a.Label(ref l); a.mov(ecx, 512); a.mov(edi, (uint)CodeMachine.Data + 0x2000); a.rep.stosq(); a.jmp(l); },
        ["device"] = a => { Label l = a.CreateLabel(); a.Label(ref l); a.mov(eax, __dword_ptr[CodeMachine.Device]); a.jmp(l); },
    };

    [Theory]
    [MemberData(nameof(Loops))]
    public void No_kick_is_lost_in_a_loop(string loop)
    {
        const int Count = 60;
        CountAt(Vector);
        _machine.Assemble(CodeMachine.Code + 0x4000, a => a.ret());
        var sender = new Thread(() => Send(Count)) { IsBackground = true };

        sender.Start();
        _machine.Run(a =>
        {
            a.sti();
            a.nop();
            s_loops[loop](a);
        });
        sender.Join();

        Assert.Equal((ulong)Count, _machine.At<ulong>(Counter));
    }

    /// <summary>Raises interrupts one after the other, each when the one before has arrived, and stops the vCPU in the end.</summary>
    private void Send(int count)
    {
        long start = Stopwatch.GetTimestamp();
        for (ulong sent = 0; sent < (ulong)count && Stopwatch.GetElapsedTime(start).TotalSeconds < 10; sent++)
        {
            _machine.Apic.Raise(Vector);
            SpinWait.SpinUntil(() => Volatile.Read(ref _machine.At<ulong>(Counter)) > sent, 5_000);
        }

        _machine.Vcpu.Kick();
    }

    private void CountAt(int vector)
    {
        _machine.SetHandler(vector, CountingHandler);
        _machine.Assemble(CountingHandler, a =>
        {
            a.inc(__qword_ptr[Counter]);
            a.iretq();
        });
    }

    private static void WaitForStop(Assembler a)
    {
        Label wait = a.CreateLabel();
        a.sti();
        a.nop();
        a.@out(TestBus.CallPort, al);
        a.Label(ref wait);
        a.jmp(wait);
    }
}
