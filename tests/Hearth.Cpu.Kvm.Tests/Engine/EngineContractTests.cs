using System.Diagnostics;
using Hearth.Machine;
using Hearth.Testing;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Kvm.Tests.Engine;

/// <summary>What every engine does, on the one and on the other.</summary>
public sealed class EngineContractTests
{
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_stop = TimeSpan.FromMilliseconds(300);

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Port_writes_arrive_with_their_widths(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);

        machine.Run(a =>
        {
            a.mov(edx, GuestBus.Port);
            a.mov(eax, 0x89AB_CDEF);
            a.@out(dx, al);
            a.@out(dx, ax);
            a.@out(dx, eax);
        });

        Assert.Equal([(AccessWidth.Byte, 0xEFUL), (AccessWidth.Word, 0xCDEFUL), (AccessWidth.Dword, 0x89AB_CDEFUL)], machine.Written);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Port_reads_reach_the_register(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        machine.Buses[0].Answer = 0x1234_5678;

        machine.Run(a =>
        {
            a.mov(edx, GuestBus.Port);
            a.mov(rax, -1);
            a.@in(al, dx);
            a.mov(rbx, rax);
            a.@in(eax, dx);
        });

        CpuState state = machine.Vcpu.Save();
        Assert.Equal((0x1234_5678UL, 0xFFFF_FFFF_FFFF_FF78UL), (state.Registers[0], state.Registers[3]));
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void String_output_writes_every_element(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        byte[] text = [.. Enumerable.Range(0, 40).Select(i => (byte)(i * 3))];
        machine.Ram.TryWrite(new GuestAddress(EngineMachine.Data), text);

        machine.Run(a =>
        {
            a.mov(edx, GuestBus.Port);
            a.mov(rsi, EngineMachine.Data);
            a.mov(ecx, 40);
            a.cld();
            a.rep.outsb();
        });

        Assert.Equal(text.Select(value => (AccessWidth.Byte, (ulong)value)), machine.Written);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Memory_accesses_outside_ram_reach_the_bus(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        machine.Buses[0].Answer = 0xAABB_CCDD_EEFF_0011;

        machine.Run(a =>
        {
            a.mov(rbx, GuestBus.Register);
            a.mov(rcx, __qword_ptr[rbx + 8]);
            a.mov(rax, 0x1122_3344_5566_7788);
            a.mov(__byte_ptr[rbx], al);
            a.mov(__word_ptr[rbx], ax);
            a.mov(__dword_ptr[rbx], eax);
            a.mov(__qword_ptr[rbx], rax);
        });

        Assert.Equal(0xAABB_CCDD_EEFF_0011, machine.Vcpu.Save().Registers[1]);
        Assert.Equal(
            [(AccessWidth.Byte, 0x88UL), (AccessWidth.Word, 0x7788UL), (AccessWidth.Dword, 0x5566_7788UL), (AccessWidth.Qword, 0x1122_3344_5566_7788UL)],
            machine.Written);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Kick_ends_a_loop(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        machine.Assemble(Spin);
        machine.Start(0);
        using var kick = new Timer(_ => machine.Vcpu.Kick(), null, s_moment, Timeout.InfiniteTimeSpan);

        VcpuExit exit = machine.Vcpu.Run(machine.Buses[0]);

        Assert.Equal(new VcpuExit(VcpuExitReason.Kicked), exit);
        Assert.Equal(EngineMachine.Code, machine.Vcpu.Save().Rip);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Kick_before_the_run_ends_it_at_once(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        machine.Assemble(a =>
        {
            a.mov(eax, 1);
            Spin(a);
        });
        machine.Start(0);

        machine.Vcpu.Kick();
        VcpuExit exit = machine.Vcpu.Run(machine.Buses[0]);

        Assert.Equal(new VcpuExit(VcpuExitReason.Kicked), exit);
        Assert.Equal(EngineMachine.Code, machine.Vcpu.Save().Rip);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Kick_ends_a_halt(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        machine.Assemble(a =>
        {
            a.cli();
            a.hlt();
        });
        machine.Start(0);
        using var kick = new Timer(_ => machine.Vcpu.Kick(), null, s_moment, s_moment);

        // Where everything is slow the first kick comes before the instruction.
        do
        {
            Assert.Equal(new VcpuExit(VcpuExitReason.Kicked), machine.Vcpu.Run(machine.Buses[0]));
        }
        while (machine.Vcpu.Save().Rip == EngineMachine.Code);

        Assert.Equal(VcpuActivity.Halted, machine.Vcpu.Save().Activity);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Triple_fault_is_a_shutdown(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        machine.Assemble(a =>
        {
            a.lidt(__[EngineMachine.Data]); // zeros: no gate at all
            a.ud2();
        });
        machine.Start(0);

        VcpuExit exit = machine.Vcpu.Run(machine.Buses[0]);

        Assert.Equal(VcpuExitReason.Shutdown, exit.Reason);
    }

    [Theory]
    [InlineData(EngineKind.Software, ParavirtualInterface.Kvm)]
    [InlineData(EngineKind.Software, ParavirtualInterface.HyperV)]
    [InlineData(EngineKind.Software, ParavirtualInterface.None)]
    [InlineData(EngineKind.Kvm, ParavirtualInterface.Kvm)]
    [InlineData(EngineKind.Kvm, ParavirtualInterface.HyperV)]
    [InlineData(EngineKind.Kvm, ParavirtualInterface.None)]
    public void Cpuid_tells_the_model(EngineKind kind, ParavirtualInterface paravirtual)
    {
        using var machine = new EngineMachine(kind, 2, paravirtual: paravirtual);
        uint[] leaves =
        [
            0, 1, 4, 6, 0xB, 0x15, 0x8000_0001, 0x8000_0002, 0x8000_0008,
            0x4000_0000, 0x4000_0001, 0x4000_0002, 0x4000_0003, 0x4000_0004, 0x4000_0005, 0x4000_0006, 0x4000_0010, 0x4000_0011, 0x4000_0100, 0x4000_0101, 0x4000_0200,
        ];

        machine.Run(a =>
        {
            foreach (uint leaf in leaves)
            {
                a.mov(eax, leaf);
                a.xor(ecx, ecx);
                a.cpuid();
                a.mov(r8d, edx);
                a.mov(edx, GuestBus.Port);
                a.@out(dx, eax);
                a.mov(eax, ebx);
                a.@out(dx, eax);
                a.mov(eax, ecx);
                a.@out(dx, eax);
                a.mov(eax, r8d);
                a.@out(dx, eax);
            }
        });

        CpuidTable table = CpuidBuilder.Build(machine.Model, new CpuTopology(0, 2), machine.TscFrequency, SpeculationControls.OfTranslatedCode, paravirtual);
        IEnumerable<uint> expected = leaves.Select(leaf => table.Lookup(leaf, 0)).SelectMany(row => new[] { row.Eax, row.Ebx, row.Ecx, row.Edx });
        Assert.Equal(expected, machine.Written.Select(written => (uint)written.Value));
    }

    /// <summary>Whatever the vCPU is doing just then: running, serving an access, on its way in or out, with other requests under way.</summary>
    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Every_kick_ends_a_run(EngineKind kind)
    {
        const int Kicks = 2000;
        using var machine = new EngineMachine(kind);
        IInterruptLine line = machine.Interrupts.Line(3);
        machine.Assemble(a =>
        {
            Label again = a.CreateLabel();
            EngineMachine.InitializePic(a);
            a.mov(edx, GuestBus.Port);
            a.Label(ref again);
            a.@in(al, dx);
            a.mov(ecx, 200);
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.dec(ecx);
            a.jnz(loop);
            a.jmp(again);
        });
        machine.Start(0);
        int ended = 0;
        bool isOver = false;
        var runner = new Thread(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                machine.Vcpu.Run(machine.Buses[0]);
                Interlocked.Increment(ref ended);
            }
        });
        using var others = new Timer(
            _ =>
            {
                line.Set(true);
                line.Set(false);
            },
            null, 1, 1);
        runner.Start();

        int answered = 0;
        for (; answered < Kicks; answered++)
        {
            int before = Volatile.Read(ref ended);
            machine.Vcpu.Kick();
            if (!SpinWait.SpinUntil(() => Volatile.Read(ref ended) != before, TimeSpan.FromSeconds(30)))
                break;
        }

        Volatile.Write(ref isOver, true);
        machine.Vcpu.Kick();
        Assert.True(runner.Join(TimeSpan.FromSeconds(30)), "the vCPU does not stop");
        Assert.Equal(Kicks, answered);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Exits_allocate_nothing(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        machine.Assemble(a =>
        {
            Label again = a.CreateLabel();
            a.mov(edx, GuestBus.Port);
            a.mov(rbx, GuestBus.Register);
            a.Label(ref again);
            a.mov(ecx, 50);
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.@out(dx, al);
            a.@in(al, dx);
            a.mov(eax, __dword_ptr[rbx]);
            a.mov(__dword_ptr[rbx], eax);
            a.dec(ecx);
            a.jnz(loop);
            EngineMachine.Stop(a);
            a.jmp(again);
        });
        machine.Start(0);

        long allocated = Allocations.Of(() => machine.Vcpu.Run(machine.Buses[0]), machine.Written.Clear);

        Assert.Equal(0, allocated);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Time_that_is_stopped_is_not_counted(EngineKind kind)
    {
        using var machine = new EngineMachine(kind, 2);
        machine.Engine.StopTime();
        ulong[] before = Counters(machine);
        long start = Stopwatch.GetTimestamp();

        Thread.Sleep(s_stop);
        ulong[] stopped = Counters(machine);
        machine.Engine.StartTime();
        ulong[] after = Counters(machine);

        TimeSpan most = Stopwatch.GetElapsedTime(start) - s_stop + TimeSpan.FromMilliseconds(1);
        Assert.Equal(before, stopped);
        Assert.Equal(after[0] - before[0], after[1] - before[1]);
        Assert.InRange((after[0] - before[0]) / (double)machine.TscFrequency, 0, most.TotalSeconds);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Time_of_a_restored_state_goes_on_when_it_is_started(EngineKind kind)
    {
        const ulong Saved = 0x1234_5678_9ABC;
        using var machine = new EngineMachine(kind, 2);
        machine.Engine.StopTime();
        Thread.Sleep(s_stop);
        long start = Stopwatch.GetTimestamp();
        foreach (IVcpu vcpu in machine.Vcpus)
        {
            CpuState state = vcpu.Save();
            state.Tsc = Saved;
            vcpu.Restore(state);
        }

        Thread.Sleep(s_stop);
        ulong[] stopped = Counters(machine);
        machine.Engine.StartTime();
        ulong[] after = Counters(machine);

        TimeSpan most = Stopwatch.GetElapsedTime(start) - s_stop + TimeSpan.FromMilliseconds(1);
        Assert.Equal([Saved, Saved], stopped);
        Assert.Equal(after[0], after[1]);
        Assert.InRange((after[0] - Saved) / (double)machine.TscFrequency, 0, most.TotalSeconds);
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Reset_brings_back_the_first_instruction(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        machine.Run(a => a.mov(rax, 0x1234));

        machine.Vcpu.Reset();

        CpuState state = machine.Vcpu.Save();
        Assert.Equal((0xFFF0UL, 0xFFFF_0000UL, 0UL, 0UL), (state.Rip, state[SegmentName.CS].Base, state.Registers[0], state.Cr3));
        Assert.Equal(machine.Model.Signature.Eax, (uint)state.Registers[2]);
        Assert.Equal(Msr.ResetValues(ParavirtualInterface.Kvm), state.Msrs);
    }

    private static ulong[] Counters(EngineMachine machine) => [.. machine.Vcpus.Select(vcpu => vcpu.Save().Tsc)];

    private static void Spin(Assembler a)
    {
        Label here = a.CreateLabel();
        a.Label(ref here);
        a.jmp(here);
    }
}
