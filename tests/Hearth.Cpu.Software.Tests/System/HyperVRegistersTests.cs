using Hearth.Cpu.Software.Tests.Data;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Software.Tests;

public sealed class HyperVRegistersTests : IDisposable
{
    private const ulong Page = 0x6_0000;
    private const ulong OtherPage = 0x6_1000;
    private const ulong Enabled = 1;
    private const ulong Somebody = 0x8100_0000_0006_0C00;
    private const ulong Second = 1_000_000_000;
    private const ulong UnitsPerSecond = 10_000_000;

    private readonly SystemMachine _machine = SystemMachine.Long(null, ParavirtualInterface.HyperV);

    private ModelSpecificRegisters Registers => _machine.System.Registers;

    private ParavirtualRegisters Paravirtual => Registers.Paravirtual;

    private ulong Scale => (ulong)(((UInt128)UnitsPerSecond << 64) / _machine.Tsc.Frequency);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Constants_are_the_processors()
    {
        Assert.Equal((0UL, 2_599_998_000UL, 1_000_000_000UL), (Read(Msr.HyperVProcessorIndex), Read(Msr.HyperVTscFrequency), Read(Msr.HyperVApicFrequency)));
    }

    [Theory]
    [InlineData(Msr.HyperVProcessorIndex)]
    [InlineData(Msr.HyperVReferenceTime)]
    [InlineData(Msr.HyperVTscFrequency)]
    [InlineData(Msr.HyperVApicFrequency)]
    [InlineData(0x4000_0003U)] // reset
    [InlineData(0x4000_0010U)] // run time
    [InlineData(0x4000_0080U)] // SynIC
    [InlineData(0x4000_00B0U)] // synthetic timer
    [InlineData(0x4000_0105U)] // crash
    [InlineData(0x4000_0118U)] // invariant TSC
    [InlineData(Msr.KvmSystemTime)]
    [InlineData(Msr.KvmWallClock)]
    [InlineData(Msr.KvmEndOfInterrupt)]
    public void Register_that_is_constant_or_not_offered_takes_nothing(uint register)
    {
        Assert.False(Registers.TryWrite(register, 0));
    }

    [Theory]
    [InlineData(0x4000_0003U)]
    [InlineData(0x4000_0010U)]
    [InlineData(0x4000_0080U)]
    [InlineData(0x4000_0118U)]
    [InlineData(Msr.KvmSystemTime)]
    [InlineData(Msr.KvmWallClock)]
    public void Register_that_is_not_offered_does_not_exist(uint register)
    {
        Assert.False(Registers.TryRead(register, out _));
    }

    [Theory]
    [InlineData(ParavirtualInterface.Kvm)]
    [InlineData(ParavirtualInterface.None)]
    public void Guests_of_other_interfaces_have_none_of_them(ParavirtualInterface paravirtual)
    {
        using SystemMachine other = SystemMachine.Long(null, paravirtual);
        uint[] registers =
        [
            Msr.HyperVGuestOsId, Msr.HyperVHypercall, Msr.HyperVProcessorIndex, Msr.HyperVReferenceTime, Msr.HyperVReferenceTsc, Msr.HyperVTscFrequency,
            Msr.HyperVApicFrequency, Msr.HyperVEndOfInterrupt, Msr.HyperVInterruptCommand, Msr.HyperVTaskPriority, Msr.HyperVAssistPage,
        ];

        Assert.All(registers, register => Assert.False(other.System.Registers.TryRead(register, out _) || other.System.Registers.TryWrite(register, 0)));
    }

    [Theory]
    [InlineData(Msr.HyperVEndOfInterrupt)]
    [InlineData(Msr.HyperVInterruptCommand)]
    [InlineData(Msr.HyperVTaskPriority)]
    public void Registers_of_the_local_apic_are_its_own(uint register)
    {
        _machine.Apic.Registers[register] = 5;

        bool taken = Registers.TryWrite(register, 7);

        Assert.Equal((true, 7UL, 7UL), (taken, _machine.Apic.Registers[register], Read(register)));
    }

    [Fact]
    public void Hypercall_page_is_written_once_the_guest_has_said_what_it_is()
    {
        bool before = Registers.TryWrite(Msr.HyperVHypercall, Page | Enabled);
        (ulong ignored, ulong empty) = (Read(Msr.HyperVHypercall), _machine.Read(Page, 4));

        Registers.TryWrite(Msr.HyperVGuestOsId, Somebody);
        bool after = Registers.TryWrite(Msr.HyperVHypercall, Page | Enabled);

        Assert.Equal((true, 0UL, 0UL), (before, ignored, empty));
        Assert.Equal((true, Page | Enabled, 0xC3C1_010FUL), (after, Read(Msr.HyperVHypercall), _machine.Read(Page, 4)));
        Assert.Equal(0UL, _machine.Read(Page + 4, 8));
    }

    [Fact]
    public void Hypercall_page_goes_with_the_guests_identity()
    {
        Registers.TryWrite(Msr.HyperVGuestOsId, Somebody);
        Registers.TryWrite(Msr.HyperVHypercall, Page | Enabled);

        Registers.TryWrite(Msr.HyperVGuestOsId, 0);

        Assert.Equal((0UL, Page), (Read(Msr.HyperVGuestOsId), Read(Msr.HyperVHypercall)));
    }

    [Theory]
    [InlineData(0x1000_0000UL)]
    [InlineData(0xB_0000UL)] // the video hole
    [InlineData(0xFFFF_FFFF_FFFF_F000UL)]
    public void Pages_that_must_be_ram_are_refused_elsewhere(ulong address)
    {
        Registers.TryWrite(Msr.HyperVGuestOsId, Somebody);

        bool hypercall = Registers.TryWrite(Msr.HyperVHypercall, address | Enabled);
        bool assist = Registers.TryWrite(Msr.HyperVAssistPage, address | Enabled);

        Assert.Equal((false, false, 0UL, 0UL), (hypercall, assist, Read(Msr.HyperVHypercall), Read(Msr.HyperVAssistPage)));
        Assert.Equal((true, true), (Registers.TryWrite(Msr.HyperVHypercall, address), Registers.TryWrite(Msr.HyperVAssistPage, address)));
    }

    [Theory]
    [InlineData(0x1000_0001UL)]
    [InlineData(0xB_0001UL)]
    [InlineData(ulong.MaxValue)]
    public void Reference_page_that_is_not_ram_is_kept_and_written_nowhere(ulong value)
    {
        bool taken = Registers.TryWrite(Msr.HyperVReferenceTsc, value);
        Paravirtual.SetClock(1, 2);

        Assert.Equal((true, value), (taken, Read(Msr.HyperVReferenceTsc)));
    }

    [Fact]
    public void Assist_page_loses_what_is_the_hypervisors_and_keeps_the_rest()
    {
        _machine.Write(Page, 8, 0x1122_3344_0000_0001);

        Registers.TryWrite(Msr.HyperVAssistPage, Page | Enabled);

        Assert.Equal((Page | Enabled, 0x1122_3344_0000_0000UL), (Read(Msr.HyperVAssistPage), _machine.Read(Page, 8)));
    }

    [Fact]
    public void Reference_page_gives_the_time_that_the_register_shows()
    {
        Paravirtual.SetClock(0x1_0000_0000, 77 * Second);
        _machine.Tsc.Now = 0x1_0000_0000 + (3 * _machine.Tsc.Frequency);

        Registers.TryWrite(Msr.HyperVReferenceTsc, Page | Enabled);

        Assert.Equal((1UL, Scale), (_machine.Read(Page, 8), _machine.Read(Page + 8, 8)));
        Assert.InRange(PageTime(_machine.Tsc.Now), (80 * UnitsPerSecond) - 1, 80 * UnitsPerSecond);
        Assert.Equal(PageTime(_machine.Tsc.Now), Read(Msr.HyperVReferenceTime));
    }

    [Theory]
    [InlineData(0UL, 1UL)]
    [InlineData(41UL, 42UL)]
    [InlineData(0xFFFF_FFFEUL, 1UL)]
    [InlineData(0xFFFF_FFFFUL, 1UL)]
    public void Sequence_goes_on_past_those_that_mean_nothing(ulong before, ulong after)
    {
        _machine.Write(Page, 4, before);

        Registers.TryWrite(Msr.HyperVReferenceTsc, Page | Enabled);

        Assert.Equal(after, _machine.Read(Page, 4));
    }

    [Fact]
    public void Page_is_not_valid_while_it_is_written()
    {
        var observer = new RecordingCodeObserver();
        _machine.Ram.CodeObserver = observer;
        _machine.Ram.SetFlags(Page, PageFlags.Code);
        _machine.Ram.ClearFlags(Page, PageFlags.Dirty);

        Registers.TryWrite(Msr.HyperVReferenceTsc, Page | Enabled);

        Assert.Equal([(Page, 4), (Page + 4, 20), (Page, 4)], observer.Writes);
        Assert.Equal(PageFlags.Code | PageFlags.Dirty, (PageFlags)_machine.Ram.FlagsOf(Page));
    }

    [Fact]
    public void Page_without_its_enable_bit_is_not_written()
    {
        Registers.TryWrite(Msr.HyperVReferenceTsc, Page);
        Paravirtual.SetClock(1, 2);

        Assert.Equal((0UL, 0UL), (_machine.Read(Page, 8), _machine.Read(Page + 8, 8)));
    }

    [Fact]
    public void Clock_that_is_set_reaches_the_page()
    {
        Registers.TryWrite(Msr.HyperVReferenceTsc, Page | Enabled);

        Paravirtual.SetClock(_machine.Tsc.Now, 42 * Second);

        Assert.Equal((2UL, 42 * UnitsPerSecond), (_machine.Read(Page, 4), PageTime(_machine.Tsc.Now)));
        Assert.InRange(Paravirtual.ClockAt(_machine.Tsc.Now), 42 * Second, (42 * Second) + 99);
    }

    [Theory]
    [InlineData(0x7_0000_0000UL)]
    [InlineData(0xFFFF_FFFF_0000_0000UL)]
    public void Counter_that_the_guest_moves_takes_the_page_along(ulong ticks)
    {
        Registers.TryWrite(Msr.HyperVReferenceTsc, Page | Enabled);
        Paravirtual.SetClock(_machine.Tsc.Now, 500 * Second);

        _machine.Tsc.Now += ticks;
        Paravirtual.CounterMoved(ticks);

        Assert.InRange(PageTime(_machine.Tsc.Now), (500 * UnitsPerSecond) - 1, (500 * UnitsPerSecond) + 1);
    }

    [Fact]
    public void Counter_before_the_clocks_beginning_is_time_zero()
    {
        Paravirtual.SetClock(10 * _machine.Tsc.Frequency, Second);
        _machine.Tsc.Now = 0;

        Assert.Equal((0UL, 0UL), (Paravirtual.ClockAt(0), Read(Msr.HyperVReferenceTime)));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(0x1234_5678_9ABCUL)]
    [InlineData(0x7FFF_FFFF_FFFF_FFFFUL)]
    public void Saved_clock_makes_the_same_page(ulong counter)
    {
        using SystemMachine other = SystemMachine.Long(null, ParavirtualInterface.HyperV);
        _machine.Tsc.Now = counter;
        Paravirtual.SetClock(counter, 1_234_567_890_123);
        Registers.TryWrite(Msr.HyperVReferenceTsc, Page | Enabled);
        _machine.Tsc.Now = counter + 987_654_321_987;
        other.Tsc.Now = 0x55_5555_5555;
        CpuState saved = _machine.Mapper.Save();

        other.Mapper.Restore(saved);

        Assert.Equal(saved.Clock, other.System.Registers.Paravirtual.ClockAt(saved.Tsc));
        Assert.Equal((_machine.Read(Page + 8, 8), _machine.Read(Page + 16, 8)), (other.Read(Page + 8, 8), other.Read(Page + 16, 8)));
    }

    [Fact]
    public void Saved_registers_come_back_with_their_pages()
    {
        using SystemMachine other = SystemMachine.Long(null, ParavirtualInterface.HyperV);
        Registers.TryWrite(Msr.HyperVGuestOsId, Somebody);
        Registers.TryWrite(Msr.HyperVHypercall, Page | Enabled);
        Registers.TryWrite(Msr.HyperVAssistPage, OtherPage | Enabled);
        other.Write(Page, 4, 0xC3D9_010F); // the other make's
        CpuState saved = _machine.Mapper.Save();

        other.Mapper.Restore(saved);

        Assert.Equal((Somebody, Page | Enabled, OtherPage | Enabled), (saved.Msrs[Msr.HyperVGuestOsId], saved.Msrs[Msr.HyperVHypercall], saved.Msrs[Msr.HyperVAssistPage]));
        Assert.Equal(saved.Msrs, other.Mapper.Save().Msrs);
        Assert.Equal(0xC3C1_010FUL, other.Read(Page, 4));
        Assert.False(saved.Msrs.ContainsKey(Msr.KvmSystemTime));
    }

    [Fact]
    public void Page_of_a_guest_that_is_nobody_any_more_comes_back_disabled()
    {
        using SystemMachine other = SystemMachine.Long(null, ParavirtualInterface.HyperV);
        Registers.TryWrite(Msr.HyperVGuestOsId, Somebody);
        Registers.TryWrite(Msr.HyperVHypercall, Page | Enabled);
        Registers.TryWrite(Msr.HyperVGuestOsId, 0);

        other.Mapper.Restore(_machine.Mapper.Save());

        Assert.Equal((Page, 0UL), (other.Mapper.Save().Msrs[Msr.HyperVHypercall], other.Read(Page, 4)));
    }

    [Fact]
    public void State_with_a_hypercall_page_outside_ram_is_refused()
    {
        CpuState state = _machine.Mapper.Save();
        state.Msrs[Msr.HyperVGuestOsId] = Somebody;
        state.Msrs[Msr.HyperVHypercall] = 0x1000_0001;

        Assert.Throws<SavedStateException>(() => _machine.Mapper.Restore(state));
    }

    [Fact]
    public void State_of_another_interface_is_refused()
    {
        using SystemMachine kvm = SystemMachine.Long();
        kvm.System.Registers.TryWrite(Msr.KvmSystemTime, Page | Enabled);

        Assert.Throws<SavedStateException>(() => _machine.Mapper.Restore(kvm.Mapper.Save()));
    }

    [Fact]
    public void Reset_forgets_what_init_keeps()
    {
        Registers.TryWrite(Msr.HyperVGuestOsId, Somebody);
        Registers.TryWrite(Msr.HyperVHypercall, Page | Enabled);
        Registers.TryWrite(Msr.HyperVReferenceTsc, OtherPage | Enabled);
        Registers.TryWrite(Msr.HyperVAssistPage, Page | Enabled);

        Paravirtual.Init();
        ulong[] kept = [.. Msr.OfInterface(ParavirtualInterface.HyperV).Select(Read)];
        Paravirtual.Reset();

        Assert.Equal([Somebody, Page | Enabled, OtherPage | Enabled, Page | Enabled], kept);
        Assert.All(Msr.OfInterface(ParavirtualInterface.HyperV), register => Assert.Equal(0UL, Read(register)));
    }

    [Fact]
    public void Other_processors_share_the_machines_and_have_their_own()
    {
        var second = new HyperVRegisters(_machine.Partition, 1, _machine.Ram, _machine.Tsc, _machine.Host);
        second.TryWrite(Msr.HyperVGuestOsId, Somebody);
        second.TryWrite(Msr.HyperVReferenceTsc, Page | Enabled);
        second.TryWrite(Msr.HyperVAssistPage, OtherPage | Enabled);
        Paravirtual.SetClock(_machine.Tsc.Now, 42 * Second);
        second.SetClock(_machine.Tsc.Now, 99 * Second);

        second.Reset();

        second.TryRead(Msr.HyperVProcessorIndex, out ulong index);
        second.TryRead(Msr.HyperVAssistPage, out ulong assist);
        Assert.Equal((1UL, 0UL, 0UL), (index, assist, Read(Msr.HyperVAssistPage)));
        Assert.Equal((Somebody, Page | Enabled), (Read(Msr.HyperVGuestOsId), Read(Msr.HyperVReferenceTsc)));
        Assert.Equal(42 * UnitsPerSecond, PageTime(_machine.Tsc.Now));
    }

    private ulong Read(uint register)
    {
        Assert.True(Registers.TryRead(register, out ulong value));
        return value;
    }

    /// <summary>The reference time as a guest computes it from its page.</summary>
    private ulong PageTime(ulong ticks) => Math.BigMul(ticks, _machine.Read(Page + 8, 8), out _) + _machine.Read(Page + 16, 8);
}
