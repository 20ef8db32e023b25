using Hearth.Cpu.Software.Tests.Data;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Software.Tests;

public sealed unsafe class ParavirtualRegistersTests : IDisposable
{
    private const ulong Page = 0x6_0040;
    private const ulong Enabled = 1;
    private const ulong Second = 1_000_000_000;

    private readonly SystemMachine _machine = SystemMachine.Long();
    private readonly ClockScale _scale;

    public ParavirtualRegistersTests() => _scale = new ClockScale(_machine.Tsc.Frequency);

    private ModelSpecificRegisters Registers => _machine.System.Registers;

    private ParavirtualRegisters Paravirtual => Registers.Paravirtual;

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(Msr.KvmSystemTime)]
    [InlineData(Msr.KvmSystemTimeOld)]
    public void Clock_page_has_the_line_of_the_clock(uint register)
    {
        Paravirtual.SetClock(0x1234, 77);

        bool taken = Registers.TryWrite(register, Page | Enabled);

        Assert.True(taken);
        Assert.Equal((2UL, 0UL, 0x1234UL, 77UL), (Field(0, 4), Field(4, 4), Field(8, 8), Field(16, 8)));
        Assert.Equal((_scale.Multiplier, (byte)_scale.Shift, 1), ((uint)Field(24, 4), (byte)Field(28, 1), (int)Field(29, 1)));
        Assert.Equal(0UL, Field(30, 2));
    }

    [Fact]
    public void Old_and_new_numbers_are_the_same_registers()
    {
        Registers.TryWrite(Msr.KvmSystemTimeOld, Page | Enabled);
        Registers.TryWrite(Msr.KvmWallClock, Page + 0x80);

        Registers.TryRead(Msr.KvmSystemTime, out ulong time);
        Registers.TryRead(Msr.KvmWallClockOld, out ulong wall);

        Assert.Equal((Page | Enabled, Page + 0x80), (time, wall));
    }

    [Theory]
    [InlineData(0UL, 2UL)]
    [InlineData(6UL, 8UL)]
    [InlineData(7UL, 8UL)]
    [InlineData(uint.MaxValue, 0UL)]
    public void Version_goes_on_from_what_the_page_had(ulong before, ulong after)
    {
        _machine.Write(Page, 4, before);

        Registers.TryWrite(Msr.KvmSystemTime, Page | Enabled);

        Assert.Equal(after, Field(0, 4));
    }

    [Fact]
    public void Page_without_its_enable_bit_is_not_written()
    {
        Registers.TryWrite(Msr.KvmSystemTime, Page);
        Paravirtual.SetClock(1, 2);

        Assert.Equal((0UL, 0UL), (Field(0, 8), Field(24, 8)));
    }

    [Fact]
    public void Clock_that_is_set_reaches_the_page()
    {
        Registers.TryWrite(Msr.KvmSystemTime, Page | Enabled);

        Paravirtual.SetClock(5000, 42 * Second);

        Assert.Equal((4UL, 5000UL, 42 * Second), (Field(0, 4), Field(8, 8), Field(16, 8)));
        Assert.Equal(43 * Second, Paravirtual.ClockAt(5000 + _machine.Tsc.Frequency), (a, b) => Math.Max(a, b) - Math.Min(a, b) <= 1);
    }

    [Theory]
    [InlineData(Msr.Tsc, 0x7_0000_0000UL)]
    [InlineData(Msr.TscAdjust, 0xFFFF_FFFF_FFFF_0000UL)]
    public void Counter_that_the_guest_sets_takes_the_page_along(uint register, ulong value)
    {
        Registers.TryWrite(Msr.KvmSystemTime, Page | Enabled);
        Paravirtual.SetClock(0x1000, Second);

        Registers.TryWrite(register, value);

        // The counter of this machine does not follow its offset.
        ulong moved = _machine.State->TscOffset;
        Assert.NotEqual(0UL, moved);
        Assert.Equal((0x1000 + moved, Second), (Field(8, 8), Field(16, 8)));
    }

    [Fact]
    public void Counter_is_never_put_before_the_one_of_the_page()
    {
        ulong now = _machine.Tsc.Now;
        Registers.TryWrite(Msr.KvmSystemTime, Page | Enabled);
        Paravirtual.SetClock(now, 100 * Second);

        _machine.Tsc.Now = now - (10 * _machine.Tsc.Frequency);
        Paravirtual.CounterSkipped();

        Assert.Equal(_machine.Tsc.Now, Field(8, 8));
        Assert.InRange(Field(16, 8), (90 * Second) - 1, (90 * Second) + 100);
    }

    [Fact]
    public void Counter_before_the_clocks_beginning_is_time_zero()
    {
        Paravirtual.SetClock(10 * _machine.Tsc.Frequency, Second);

        Assert.Equal(0UL, Paravirtual.ClockAt(0));
    }

    [Theory]
    [InlineData(Msr.KvmWallClock)]
    [InlineData(Msr.KvmWallClockOld)]
    public void Wall_clock_is_the_hosts_at_the_clocks_beginning(uint register)
    {
        Paravirtual.SetClock(_machine.Tsc.Now, (3600 * Second) + (Second / 4));

        bool taken = Registers.TryWrite(register, Page);

        var expected = new DateTimeOffset(2030, 5, 6, 6, 8, 8, TimeSpan.Zero);
        Assert.True(taken);
        Assert.Equal((2UL, (ulong)expected.ToUnixTimeSeconds(), 750_000_000UL), (Field(0, 4), Field(4, 4), Field(8, 4)));
    }

    [Fact]
    public void Wall_clock_before_its_own_beginning_is_zero()
    {
        Paravirtual.SetClock(_machine.Tsc.Now, 0x7FFF_FFFF_0000_0000);

        Registers.TryWrite(Msr.KvmWallClock, Page);

        Assert.Equal((2UL, 0UL), (Field(0, 4), Field(4, 8)));
    }

    [Theory]
    [InlineData(Msr.KvmSystemTime, 0x1000_0001UL)]
    [InlineData(Msr.KvmSystemTime, 0x7F_FFF1UL)] // the last bytes of RAM
    [InlineData(Msr.KvmSystemTime, ulong.MaxValue)]
    [InlineData(Msr.KvmSystemTime, 0xB_0001UL)] // the video hole
    [InlineData(Msr.KvmSystemTime, 0x9_FFF1UL)] // up to it
    [InlineData(Msr.KvmWallClock, 0x1000_0000UL)]
    [InlineData(Msr.KvmWallClock, 0x7F_FFF8UL)]
    [InlineData(Msr.KvmWallClock, ulong.MaxValue)]
    public void Page_that_is_not_ram_is_kept_and_written_nowhere(uint register, ulong value)
    {
        bool taken = Registers.TryWrite(register, value);
        Paravirtual.SetClock(1, 2);

        Registers.TryRead(register, out ulong found);
        Assert.Equal((true, value), (taken, found));
        Assert.Equal((0UL, 0UL), (_machine.Read(0x7F_FFF8, 8), _machine.Read(0x9_FFF8, 8)));
    }

    [Theory]
    [InlineData(Page | Enabled, true)]
    [InlineData(Page, true)]
    [InlineData(0UL, true)]
    [InlineData(0x1000_0000UL, true)]
    [InlineData(0x1000_0001UL, false)]
    [InlineData(Page | 2, false)]
    [InlineData(Page | 3, false)]
    public void End_of_interrupt_takes_aligned_addresses_of_ram(ulong value, bool isTaken)
    {
        bool taken = Registers.TryWrite(Msr.KvmEndOfInterrupt, value);

        Registers.TryRead(Msr.KvmEndOfInterrupt, out ulong found);
        Assert.Equal((isTaken, isTaken ? value : 0), (taken, found));
        Assert.Equal(0UL, Field(0, 4));
    }

    [Theory]
    [InlineData(0xC1)] // vmcall
    [InlineData(0xD9)] // vmmcall
    public void Hypercall_pairs_the_date_with_the_counter(byte modrm)
    {
        _machine.State->Gpr[0] = 9;
        _machine.State->Gpr[3] = Page;
        _machine.State->Gpr[1] = 0;

        StepResult result = _machine.Execute(0x0F, 0x01, modrm);

        Assert.Equal((StepResult.Continue, 0UL), (result, _machine.State->Gpr[0]));
        Assert.Equal(((ulong)_machine.Host.Now.ToUnixTimeSeconds(), 0UL, _machine.Tsc.Now), (Field(0, 8), Field(8, 8), Field(16, 8)));
        Assert.Equal(SystemMachine.Code + 3, _machine.State->Rip);
    }

    [Theory]
    [InlineData(9UL, 0x1000_0000UL, 0UL, -14L)]
    [InlineData(9UL, Page, 1UL, -95L)]
    [InlineData(1UL, 0UL, 0UL, 0L)]
    [InlineData(5UL, 0UL, 0UL, -1000L)]
    public void Hypercall_that_is_not_served_says_why(ulong number, ulong first, ulong second, long answer)
    {
        _machine.State->Gpr[0] = number;
        _machine.State->Gpr[3] = first;
        _machine.State->Gpr[1] = second;

        _machine.Execute(0x0F, 0x01, 0xC1);

        Assert.Equal((ulong)answer, _machine.State->Gpr[0]);
    }

    [Fact]
    public void Hypercall_of_a_user_is_not_permitted()
    {
        _machine.EnterUser();
        _machine.State->Gpr[0] = 9;
        _machine.State->Gpr[3] = Page;

        _machine.Execute(0x0F, 0x01, 0xC1);

        Assert.Equal((ulong.MaxValue, 0UL), (_machine.State->Gpr[0] | 0xFFFF_FFFF_0000_0000, Field(0, 8)));
    }

    [Fact]
    public void Write_to_a_page_with_code_is_told_and_makes_it_dirty()
    {
        var observer = new RecordingCodeObserver();
        _machine.Ram.CodeObserver = observer;
        _machine.Ram.SetFlags(Page, PageFlags.Code);
        _machine.Ram.ClearFlags(Page, PageFlags.Dirty);

        Registers.TryWrite(Msr.KvmSystemTime, Page | Enabled);

        Assert.Equal([(Page, 4), (Page + 4, 28), (Page, 4)], observer.Writes);
        Assert.Equal(PageFlags.Code | PageFlags.Dirty, (PageFlags)_machine.Ram.FlagsOf(Page));
    }

    [Fact]
    public void Saved_registers_come_back_with_their_clock()
    {
        using SystemMachine other = SystemMachine.Long();
        Registers.TryWrite(Msr.KvmSystemTime, Page | Enabled);
        Registers.TryWrite(Msr.KvmEndOfInterrupt, (Page + 0x80) | Enabled);
        Registers.TryWrite(Msr.KvmWallClock, Page + 0xC0);
        Paravirtual.SetClock(_machine.Tsc.Now, 99 * Second);
        CpuState saved = _machine.Mapper.Save();

        other.Mapper.Restore(saved);

        CpuState again = other.Mapper.Save();
        Assert.Equal((99 * Second, 99 * Second), (saved.Clock, again.Clock));
        Assert.Equal(saved.Msrs, again.Msrs);
        Assert.Equal((saved.Tsc, 99 * Second), (other.Read(Page + 8, 8), other.Read(Page + 16, 8)));
        Assert.Equal(0UL, other.Read(Page + 0xC4, 8));
    }

    [Fact]
    public void State_without_them_takes_the_pages_away()
    {
        CpuState before = _machine.Mapper.Save();
        Registers.TryWrite(Msr.KvmSystemTime, Page | Enabled);
        Registers.TryWrite(Msr.KvmWallClock, Page + 0x80);

        _machine.Mapper.Restore(before);

        Registers.TryRead(Msr.KvmSystemTime, out ulong time);
        Registers.TryRead(Msr.KvmWallClock, out ulong wall);
        Assert.Equal((0UL, 0UL), (time, wall));
    }

    private ulong Field(ulong offset, int size) => _machine.Read(Page + offset, size);
}
