using System.Buffers.Binary;
using System.Diagnostics;
using Hearth.Machine;
using Iced.Intel;
using static Hearth.Cpu.Kvm.Tests.Engine.MsrCode;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Kvm.Tests.Engine;

/// <summary>KVM's paravirtual interface is the same under both engines, and its clock goes from the one to the other.</summary>
public sealed class ParavirtualContractTests
{
    private const ulong Page = EngineMachine.Data + 0x100;
    private const ulong Enabled = 1;
    private const ulong Outside = 0x1000_0000;
    private const ulong Second = 1_000_000_000;

    /// <summary>How long a thread may wait for a processor between two readings of clocks.</summary>
    private const ulong Slack = 2 * Second;

    /// <summary>What no clock shows by itself.</summary>
    private const ulong SavedClock = 1_234_567 * Second;

    private static readonly TimeSpan s_stop = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_rounding = TimeSpan.FromMilliseconds(1);

    public static TheoryData<EngineKind, EngineKind> Ways => StateContractTests.Ways;

    [Theory]
    [InlineData(EngineKind.Software, Msr.KvmSystemTime)]
    [InlineData(EngineKind.Software, Msr.KvmSystemTimeOld)]
    [InlineData(EngineKind.Kvm, Msr.KvmSystemTime)]
    [InlineData(EngineKind.Kvm, Msr.KvmSystemTimeOld)]
    public void Page_gives_the_time_at_the_frequency_of_the_counter(EngineKind kind, uint register)
    {
        using var machine = new EngineMachine(kind);

        ulong timestamp = RunClock(machine, register);

        var page = ClockPage.Read(machine, Page);
        ulong clock = page.At(timestamp);
        ulong late = page.At(timestamp + machine.TscFrequency);
        Assert.Equal(0U, page.Version & 1);
        Assert.InRange(late - clock, Second - (Second / 1000), Second + (Second / 1000));
        Assert.InRange(machine.Vcpu.Save().Clock - clock, 0UL, Slack);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Clock_goes_on_in_the_other_engine(EngineKind first, EngineKind second)
    {
        using var from = new EngineMachine(first);
        using var to = new EngineMachine(second);
        CpuState start = from.Vcpu.Save();
        start.Clock = SavedClock;
        from.Vcpu.Restore(start);
        ulong last = RunClock(from);
        ulong seen = ClockPage.Read(from, Page).At(last);
        CpuState state = from.Vcpu.Save();

        to.Vcpu.Restore(state);
        ulong timestamp = ContinueClock(to);

        ulong clock = ClockPage.Read(to, Page).At(timestamp);
        ulong passed = (ulong)((UInt128)(timestamp - state.Tsc) * Second / to.TscFrequency);
        Assert.InRange(state.Clock - seen, 0UL, Slack);
        Assert.InRange(seen - SavedClock, 0UL, 60 * Second);
        Assert.InRange(clock - state.Clock + Slack, passed, passed + (2 * Slack));
        Assert.True(clock >= state.Clock, $"the clock was at {state.Clock} and is at {clock}");
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Time_that_is_stopped_is_not_in_the_clock(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);
        RunClock(machine);
        CpuState state = machine.Vcpu.Save();
        state.Clock = SavedClock;
        machine.Vcpu.Restore(state);

        long start = Stopwatch.GetTimestamp();
        Thread.Sleep(s_stop);
        machine.Engine.StartTime();

        CpuState after = machine.Vcpu.Save();
        TimeSpan most = Stopwatch.GetElapsedTime(start) - s_stop + s_rounding;
        Assert.InRange(after.Clock - SavedClock, 0UL, (ulong)most.TotalNanoseconds);
        ulong timestamp = ContinueClock(machine);
        ulong clock = ClockPage.Read(machine, Page).At(timestamp);
        ulong passed = (ulong)((UInt128)(timestamp - after.Tsc) * Second / machine.TscFrequency);
        Assert.InRange(clock - after.Clock + Slack, passed, passed + (2 * Slack));
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Counter_that_the_guest_adjusts_does_not_move_the_clock(EngineKind kind)
    {
        const ulong Ahead = 0x1234_5678_9ABC;
        using var machine = new EngineMachine(kind);
        ulong first = RunClock(machine);
        ulong before = ClockPage.Read(machine, Page).At(first);

        machine.Assemble(a =>
        {
            Set(a, Msr.TscAdjust, Ahead);
            ReadCounter(a);
        });
        machine.Start(0);
        machine.Continue();

        ulong timestamp = machine.Vcpu.Save().Registers[8];
        Assert.InRange(timestamp - first - Ahead, 0UL, 60 * machine.TscFrequency);
        Assert.InRange(ClockPage.Read(machine, Page).At(timestamp) - before, 0UL, 60 * Second);
    }

    [Theory]
    [InlineData(EngineKind.Software, Msr.KvmWallClock)]
    [InlineData(EngineKind.Software, Msr.KvmWallClockOld)]
    [InlineData(EngineKind.Kvm, Msr.KvmWallClock)]
    [InlineData(EngineKind.Kvm, Msr.KvmWallClockOld)]
    public void Wall_clock_and_clock_are_the_hosts_time_together(EngineKind kind, uint register)
    {
        using var machine = new EngineMachine(kind);
        CpuState start = machine.Vcpu.Save();
        start.Clock = SavedClock;
        machine.Vcpu.Restore(start);
        DateTimeOffset before = machine.Clock.WallClock;

        machine.Run(a => Set(a, register, Page));

        ulong clock = machine.Vcpu.Save().Clock;
        DateTimeOffset shown = WallClock(machine).AddTicks((long)clock / 100);
        var tolerance = TimeSpan.FromSeconds(Slack / (double)Second);
        Assert.InRange(shown, before - tolerance, machine.Clock.WallClock + tolerance);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Wall_clock_is_not_written_again_by_a_restore(EngineKind first, EngineKind second)
    {
        using var from = new EngineMachine(first);
        using var to = new EngineMachine(second);
        from.Run(a => Set(a, Msr.KvmWallClock, Page));

        to.Vcpu.Restore(from.Vcpu.Save());
        to.Run(a =>
        {
            a.mov(ecx, Msr.KvmWallClock);
            a.rdmsr();
        });

        CpuState state = to.Vcpu.Save();
        Assert.Equal((0UL, 0UL), (state.Registers[0], state.Registers[2]));
        Assert.Equal(DateTimeOffset.UnixEpoch, WallClock(to));
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Page_outside_ram_is_kept_and_written_nowhere(EngineKind kind)
    {
        using var machine = new EngineMachine(kind);

        machine.Run(a =>
        {
            Set(a, Msr.KvmSystemTime, Outside | Enabled);
            Set(a, Msr.KvmWallClock, Outside);
            Set(a, Msr.KvmSystemTimeOld, 0xFFFF_FFFF_FFFF_FFF0 | Enabled);
            a.mov(ecx, Msr.KvmSystemTime);
            a.rdmsr();
        });

        CpuState state = machine.Vcpu.Save();
        Assert.Equal((0xFFFF_FFF1UL, 0xFFFF_FFFFUL), (state.Registers[0], state.Registers[2]));
        Assert.Equal(0xFFFF_FFFF_FFFF_FFF1, state.Msrs[Msr.KvmSystemTime]);
    }

    [Theory]
    [InlineData(EngineKind.Software, Outside | Enabled, false)]
    [InlineData(EngineKind.Software, Page | 2, false)]
    [InlineData(EngineKind.Software, Page | 3, false)]
    [InlineData(EngineKind.Software, Page | Enabled, true)]
    [InlineData(EngineKind.Software, Outside, true)]
    [InlineData(EngineKind.Kvm, Outside | Enabled, false)]
    [InlineData(EngineKind.Kvm, Page | 2, false)]
    [InlineData(EngineKind.Kvm, Page | 3, false)]
    [InlineData(EngineKind.Kvm, Page | Enabled, true)]
    [InlineData(EngineKind.Kvm, Outside, true)]
    public void End_of_interrupt_takes_aligned_addresses_of_ram(EngineKind kind, ulong value, bool isTaken)
    {
        const int GeneralProtection = 13;
        using var machine = new EngineMachine(kind);
        machine.Assemble(EngineMachine.Stop, EngineMachine.HandlerOf(GeneralProtection));

        machine.Run(a => Set(a, Msr.KvmEndOfInterrupt, value));

        CpuState state = machine.Vcpu.Save();
        bool isFault = state.Rip - EngineMachine.HandlerOf(GeneralProtection) < 16;
        Assert.Equal((isTaken, isTaken ? value : 0), (!isFault, state.Msrs[Msr.KvmEndOfInterrupt]));
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Interrupt_is_ended_once_whether_or_not_the_guest_is_let_off(EngineKind kind)
    {
        const int Vector = 0x51;
        const int Rounds = 20;
        using var machine = new EngineMachine(kind);

        // As Linux does: the local APIC is told only where the bit was not set.
        machine.Assemble(
            a =>
            {
                Label done = a.CreateLabel();
                a.push(rax);
                a.btr(__dword_ptr[Page], 0);
                a.jc(done);
                a.mov(rax, 0xFEE0_00B0);
                a.mov(__dword_ptr[rax], 0);
                a.Label(ref done);
                a.inc(r12d);
                a.pop(rax);
                a.iretq();
            },
            EngineMachine.HandlerOf(Vector));
        machine.Run(a =>
        {
            Label again = a.CreateLabel();
            Label wait = a.CreateLabel();
            a.xor(r12d, r12d);
            Set(a, Msr.KvmEndOfInterrupt, Page | Enabled);
            a.mov(rbx, 0xFEE0_0000);
            a.mov(__dword_ptr[rbx + 0xF0], 0x1FF);
            a.xor(r13d, r13d);
            a.sti();
            a.Label(ref again);
            a.mov(__dword_ptr[rbx + 0x310], 0);
            a.mov(__dword_ptr[rbx + 0x300], Vector);
            a.inc(r13d);
            a.Label(ref wait);
            a.pause();
            a.cmp(r12d, r13d);
            a.jne(wait);
            a.cmp(r13d, Rounds);
            a.jne(again);
            a.cli();
        });

        CpuState state = machine.Vcpu.Save();
        Assert.Equal((ulong)Rounds, state.Registers[12]);
        Assert.All(machine.SaveApic().InService, bits => Assert.Equal(0UL, bits));
    }

    [Theory]
    [InlineData(EngineKind.Software)]
    [InlineData(EngineKind.Kvm)]
    public void Hypercall_that_does_not_exist_says_so_in_the_words_of_either_make(EngineKind kind)
    {
        const ulong Unknown = unchecked((ulong)-1000);
        using var machine = new EngineMachine(kind);

        machine.Run(a =>
        {
            a.mov(eax, 77);
            a.vmcall();
            a.mov(r8, rax);
            a.mov(eax, 77);
            a.vmmcall();
            a.mov(r9, rax);
        });

        CpuState state = machine.Vcpu.Save();
        Assert.Equal((Unknown, Unknown), (state.Registers[8], state.Registers[9]));
    }

    /// <summary>Gives the guest its page and runs it to a reading of its counter, which is returned.</summary>
    private static ulong RunClock(EngineMachine machine, uint register = Msr.KvmSystemTime)
    {
        machine.Assemble(a =>
        {
            Set(a, register, Page | Enabled);
            ReadCounter(a);
        });
        machine.Start(0);
        machine.Continue();
        return machine.Vcpu.Save().Registers[8];
    }

    /// <summary>Runs a guest that has a page to a reading of its counter.</summary>
    private static ulong ContinueClock(EngineMachine machine)
    {
        machine.Assemble(ReadCounter);
        machine.Start(0);
        machine.Continue();
        return machine.Vcpu.Save().Registers[8];
    }

    private static void ReadCounter(Assembler a)
    {
        a.rdtsc();
        a.shl(rdx, 32);
        a.or(rax, rdx);
        a.mov(r8, rax);
        EngineMachine.Stop(a);
    }

    /// <summary>struct pvclock_wall_clock.</summary>
    private static DateTimeOffset WallClock(EngineMachine machine)
    {
        var bytes = new byte[12];
        Assert.True(machine.Ram.TryRead(new GuestAddress(Page), bytes));
        Assert.Equal(0, bytes[0] & 1);
        return DateTimeOffset.UnixEpoch.AddSeconds(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4)))
            .AddTicks(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8)) / 100);
    }
}
