using System.Diagnostics;
using Hearth.Machine;
using Hearth.Testing;
using Iced.Intel;
using static Hearth.Cpu.Kvm.Tests.Engine.MsrCode;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Kvm.Tests.Engine;

/// <summary>Hyper-V's paravirtual interface is the same under both engines, and goes from the one to the other.</summary>
public sealed class HyperVContractTests
{
    private const ulong ReferencePage = EngineMachine.Data;
    private const ulong HypercallPage = EngineMachine.Data + 0x1000;
    private const ulong AssistPage = EngineMachine.Data + 0x2000;
    private const ulong Enabled = 1;
    private const ulong Outside = 0x1000_0000;
    private const ulong Somebody = 0x8100_0000_0006_0C00;
    private const ulong Second = 1_000_000_000;
    private const ulong Unit = 100;

    /// <summary>How long a thread may wait for a processor between two readings of clocks, in nanoseconds.</summary>
    private const ulong Slack = 2 * Second;

    /// <summary>What no clock shows by itself.</summary>
    private const ulong SavedClock = 1_234_567 * Second;

    private static readonly TimeSpan s_stop = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_rounding = TimeSpan.FromMilliseconds(1);

    public static TheoryData<EngineKind, EngineKind> Ways => StateContractTests.Ways;

    public static TheoryData<EngineKind> Engines => [EngineKind.Software, EngineKind.Kvm];

    [Theory]
    [MemberData(nameof(Engines))]
    public void Constants_are_the_processors(EngineKind kind)
    {
        using EngineMachine machine = Create(kind, 2);
        machine.Assemble(a =>
        {
            Get(a, Msr.HyperVProcessorIndex, r8);
            Get(a, Msr.HyperVTscFrequency, r9);
            Get(a, Msr.HyperVApicFrequency, r10);
            EngineMachine.Stop(a);
        });
        machine.Start(1);

        machine.Continue(1);

        ulong[] registers = machine.Vcpus[1].Save().Registers;
        Assert.Equal((1UL, machine.TscFrequency / 1000 * 1000, 1_000_000_000UL), (registers[8], registers[9], registers[10]));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Reference_time_is_the_clock(EngineKind kind)
    {
        using EngineMachine machine = Create(kind);
        SetClock(machine, SavedClock);

        (ulong time, ulong timestamp) = RunClock(machine, a => Set(a, Msr.HyperVReferenceTsc, ReferencePage | Enabled));

        var page = ReferencePageImage.Read(machine, ReferencePage);
        Assert.InRange(time - SavedClock, 0UL, Slack);
        Assert.InRange(page.At(timestamp) + Unit - time, 0UL, Slack);
        Assert.InRange(page.At(timestamp + machine.TscFrequency) - page.At(timestamp), Second - (Second / 1000), Second + (Second / 1000));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Clock_goes_on_in_the_other_engine(EngineKind first, EngineKind second)
    {
        using EngineMachine from = Create(first);
        using EngineMachine to = Create(second);
        SetClock(from, SavedClock);
        (ulong before, _) = RunClock(from, a => Set(a, Msr.HyperVReferenceTsc, ReferencePage | Enabled));
        CpuState state = from.Vcpu.Save();

        to.Vcpu.Restore(state);
        (ulong after, ulong timestamp) = RunClock(to);

        ulong passed = Passed(to, timestamp - state.Tsc);
        ulong page = ReferencePageImage.Read(to, ReferencePage).At(timestamp);
        Assert.InRange(state.Clock - before, 0UL, Slack);
        Assert.True(after >= before, $"the reference time was {before} and is {after}");
        Assert.InRange(after - state.Clock + Slack, passed, passed + (2 * Slack));
        Assert.InRange(page - state.Clock + Slack, passed, passed + (2 * Slack));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Time_that_is_stopped_is_not_in_the_clock(EngineKind kind)
    {
        using EngineMachine machine = Create(kind);
        RunClock(machine, a => Set(a, Msr.HyperVReferenceTsc, ReferencePage | Enabled));
        SetClock(machine, SavedClock);

        long start = Stopwatch.GetTimestamp();
        Thread.Sleep(s_stop);
        machine.Engine.StartTime();

        CpuState after = machine.Vcpu.Save();
        TimeSpan most = Stopwatch.GetElapsedTime(start) - s_stop + s_rounding;
        Assert.InRange(after.Clock - SavedClock, 0UL, (ulong)most.TotalNanoseconds);
        (ulong time, ulong timestamp) = RunClock(machine);
        ulong passed = Passed(machine, timestamp - after.Tsc);
        Assert.InRange(time - after.Clock + Slack, passed, passed + (2 * Slack));
        Assert.InRange(ReferencePageImage.Read(machine, ReferencePage).At(timestamp) - after.Clock + Slack, passed, passed + (2 * Slack));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Hypercalls_are_answered_in_the_other_engine_too(EngineKind first, EngineKind second)
    {
        const ulong InvalidCode = 2;
        const ulong AccessDenied = 6;
        using EngineMachine from = Create(first);
        using EngineMachine to = Create(second);
        Action<Assembler> calls = a =>
        {
            a.mov(rsi, HypercallPage);
            ulong[] inputs = [0x7777, 8, 0x5C];
            AssemblerRegister64[] answers = [r8, r9, r10];
            for (int i = 0; i < inputs.Length; i++)
            {
                a.mov(ecx, (uint)inputs[i]);
                a.call(rsi);
                a.mov(answers[i], rax);
            }
        };
        from.Run(a =>
        {
            Set(a, Msr.HyperVGuestOsId, Somebody);
            Set(a, Msr.HyperVHypercall, HypercallPage | Enabled);
            calls(a);
        });
        CpuState state = from.Vcpu.Save();

        // Its memory is another one: what is called there was written by the restore.
        to.Vcpu.Restore(state);
        to.Run(a =>
        {
            a.xor(r8d, r8d);
            a.xor(r9d, r9d);
            a.xor(r10d, r10d);
            calls(a);
        });

        Assert.All([state, to.Vcpu.Save()], saved =>
            Assert.Equal((InvalidCode, AccessDenied, AccessDenied), (saved.Registers[8], saved.Registers[9], saved.Registers[10])));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Registers_come_back_as_they_were(EngineKind first, EngineKind second)
    {
        using EngineMachine from = Create(first);
        using EngineMachine to = Create(second);
        from.Run(a =>
        {
            Set(a, Msr.HyperVGuestOsId, Somebody);
            Set(a, Msr.HyperVHypercall, HypercallPage | Enabled);
            Set(a, Msr.HyperVReferenceTsc, ReferencePage | Enabled);
            Set(a, Msr.HyperVAssistPage, AssistPage | Enabled);
        });
        CpuState state = from.Vcpu.Save();

        to.Vcpu.Restore(state);
        SortedDictionary<uint, ulong> restored = to.Vcpu.Save().Msrs;
        to.Vcpu.Reset();

        ulong[] values = [.. Msr.OfInterface(ParavirtualInterface.HyperV).Select(register => state.Msrs[register])];
        Assert.Equal([Somebody, HypercallPage | Enabled, ReferencePage | Enabled, AssistPage | Enabled], values);
        Assert.Equal(state.Msrs, restored);
        Assert.Equal(Msr.ResetValues(ParavirtualInterface.HyperV), to.Vcpu.Save().Msrs);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Hypercall_page_of_a_guest_that_is_nobody_comes_back_disabled(EngineKind first, EngineKind second)
    {
        using EngineMachine from = Create(first);
        using EngineMachine to = Create(second);
        from.Run(a =>
        {
            Set(a, Msr.HyperVHypercall, ReferencePage | Enabled); // too early
            Set(a, Msr.HyperVGuestOsId, Somebody);
            Set(a, Msr.HyperVHypercall, HypercallPage | Enabled);
            Set(a, Msr.HyperVGuestOsId, 0);
        });

        to.Vcpu.Restore(from.Vcpu.Save());

        SortedDictionary<uint, ulong> msrs = to.Vcpu.Save().Msrs;
        Assert.Equal((0UL, HypercallPage), (msrs[Msr.HyperVGuestOsId], msrs[Msr.HyperVHypercall]));
    }

    [Theory]
    [RegistersUnderEachEngine(
        Msr.HyperVProcessorIndex, Msr.HyperVReferenceTime, Msr.HyperVTscFrequency, 0x4000_0003, 0x4000_0080, 0x4000_00B0, 0x4000_0105, Msr.KvmSystemTime, Msr.KvmEndOfInterrupt)]
    public void Register_that_is_constant_or_not_offered_takes_nothing(EngineKind kind, uint register)
    {
        using EngineMachine machine = Create(kind);

        Assert.True(IsRefused(machine, a => Set(a, register, 0)));
    }

    [Theory]
    [RegistersUnderEachEngine(Msr.HyperVGuestOsId, Msr.HyperVProcessorIndex, Msr.HyperVReferenceTime, Msr.HyperVTaskPriority)]
    public void Guests_of_kvms_interface_have_none_of_them(EngineKind kind, uint register)
    {
        using var machine = new EngineMachine(kind);

        Assert.True(IsRefused(machine, a => Get(a, register, r8)));
    }

    [Theory]
    [RegistersUnderEachEngine(Msr.HyperVHypercall, Msr.HyperVAssistPage)]
    public void Page_that_must_be_ram_is_refused_elsewhere(EngineKind kind, uint register)
    {
        using EngineMachine machine = Create(kind);

        bool isRefused = IsRefused(machine, a =>
        {
            Set(a, Msr.HyperVGuestOsId, Somebody);
            Set(a, register, Outside | Enabled);
        });

        Assert.Equal((true, 0UL), (isRefused, machine.Vcpu.Save().Msrs[register]));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Reference_page_that_is_not_ram_is_kept_and_the_register_goes_on(EngineKind kind)
    {
        using EngineMachine machine = Create(kind);
        SetClock(machine, SavedClock);

        (ulong time, _) = RunClock(machine, a => Set(a, Msr.HyperVReferenceTsc, Outside | Enabled));

        Assert.Equal(Outside | Enabled, machine.Vcpu.Save().Msrs[Msr.HyperVReferenceTsc]);
        Assert.InRange(time - SavedClock, 0UL, Slack);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Interrupts_are_sent_held_back_and_ended_by_registers(EngineKind kind)
    {
        const int Vector = 0x51;
        const uint Self = 1 << 18;
        const int Rounds = 20;
        using EngineMachine machine = Create(kind);

        // As Linux and Windows do: the local APIC is told only where the bit of the assist page was not set.
        machine.Assemble(
            a =>
            {
                Label done = a.CreateLabel();
                a.push(rax);
                a.push(rcx);
                a.push(rdx);
                a.btr(__dword_ptr[AssistPage], 0);
                a.jc(done);
                Set(a, Msr.HyperVEndOfInterrupt, 0);
                a.Label(ref done);
                a.inc(r12d);
                a.pop(rdx);
                a.pop(rcx);
                a.pop(rax);
                a.iretq();
            },
            EngineMachine.HandlerOf(Vector));
        machine.Run(a =>
        {
            Label again = a.CreateLabel();
            Label wait = a.CreateLabel();
            a.xor(r12d, r12d);
            a.xor(r13d, r13d);
            Set(a, Msr.HyperVAssistPage, AssistPage | Enabled);
            a.mov(rbx, 0xFEE0_0000);
            a.mov(__dword_ptr[rbx + 0xF0], 0x1FF);
            a.sti();
            a.Label(ref again);
            Set(a, Msr.HyperVTaskPriority, 0x50);
            Set(a, Msr.HyperVInterruptCommand, Self | Vector);
            a.nop();
            a.sub(r12d, r13d);
            a.or(r14d, r12d); // what came too early
            a.add(r12d, r13d);
            a.inc(r13d);
            Get(a, Msr.HyperVTaskPriority, r15);
            Set(a, Msr.HyperVTaskPriority, 0);
            a.Label(ref wait);
            a.pause();
            a.cmp(r12d, r13d);
            a.jne(wait);
            a.cmp(r13d, Rounds);
            a.jne(again);
            a.cli();
        });

        CpuState state = machine.Vcpu.Save();
        Assert.Equal(((ulong)Rounds, 0UL, 0x50UL), (state.Registers[12], state.Registers[14], state.Registers[15]));
        Assert.All(machine.SaveApic().InService, bits => Assert.Equal(0UL, bits));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Registers_and_hypercalls_allocate_nothing(EngineKind kind)
    {
        using EngineMachine machine = Create(kind);
        machine.Assemble(a =>
        {
            Label again = a.CreateLabel();
            Label loop = a.CreateLabel();
            a.mov(rsi, HypercallPage);
            Set(a, Msr.HyperVGuestOsId, Somebody);
            Set(a, Msr.HyperVHypercall, HypercallPage | Enabled);
            a.Label(ref again);
            a.mov(edi, 50);
            a.Label(ref loop);
            Get(a, Msr.HyperVReferenceTime, r8);
            Set(a, Msr.HyperVReferenceTsc, ReferencePage | Enabled);
            Set(a, Msr.HyperVEndOfInterrupt, 0);
            a.mov(ecx, 0x7777);
            a.call(rsi);
            a.dec(edi);
            a.jnz(loop);
            EngineMachine.Stop(a);
            a.jmp(again);
        });
        machine.Start(0);

        long allocated = Allocations.Of(() => machine.Vcpu.Run(machine.Buses[0]), machine.Written.Clear);

        Assert.Equal((0L, 2UL), (allocated, machine.Vcpu.Save().Registers[0]));
    }

    private static EngineMachine Create(EngineKind kind, int vcpus = 1) => new(kind, vcpus, paravirtual: ParavirtualInterface.HyperV);

    /// <summary>Nanoseconds of ticks of the guest's counter.</summary>
    private static ulong Passed(EngineMachine machine, ulong ticks) => (ulong)((UInt128)ticks * Second / machine.TscFrequency);

    private static void SetClock(EngineMachine machine, ulong nanoseconds)
    {
        CpuState state = machine.Vcpu.Save();
        state.Clock = nanoseconds;
        machine.Vcpu.Restore(state);
    }

    /// <summary>Runs the guest to a reading of the reference time, in nanoseconds, and of its counter just after.</summary>
    private static (ulong Time, ulong Timestamp) RunClock(EngineMachine machine, Action<Assembler>? first = null)
    {
        machine.Run(a =>
        {
            first?.Invoke(a);
            Get(a, Msr.HyperVReferenceTime, r8);
            a.rdtsc();
            a.shl(rdx, 32);
            a.or(rax, rdx);
            a.mov(r9, rax);
        });
        ulong[] registers = machine.Vcpu.Save().Registers;
        return (registers[8] * Unit, registers[9]);
    }

    /// <summary>Whether a piece of guest code gets #GP.</summary>
    private static bool IsRefused(EngineMachine machine, Action<Assembler> code)
    {
        const int GeneralProtection = 13;
        machine.Assemble(EngineMachine.Stop, EngineMachine.HandlerOf(GeneralProtection));
        machine.Run(code);
        return machine.Vcpu.Save().Rip - EngineMachine.HandlerOf(GeneralProtection) < 16;
    }
}
