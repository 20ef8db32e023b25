using Hearth.Devices.Platform.Hpet;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.Hpet;

public sealed class HpetDeviceTests
{
    private const ulong Configuration = HpetDevice.Address + 0x10;
    private const ulong Status = HpetDevice.Address + 0x20;
    private const ulong Counter = HpetDevice.Address + 0xF0;
    private const ulong Timer0 = HpetDevice.Address + 0x100;
    private const ulong Timer1 = HpetDevice.Address + 0x120;
    private const ulong Timer2 = HpetDevice.Address + 0x140;
    private const ulong Comparator = 8;
    private const ulong Enabled = 1 << 2;
    private const ulong Level = 1 << 1;
    private const ulong Periodic = 1 << 3;
    private const ulong ValueSet = 1 << 6;
    private const ulong Mode32 = 1 << 8;

    private readonly TestMachine _machine = new();
    private readonly RecordingLine _pitWire = new();
    private readonly RecordingLine _rtcWire = new();
    private readonly GatedLine _pit;
    private readonly GatedLine _rtc;

    public HpetDeviceTests()
    {
        _pit = new GatedLine(_pitWire);
        _rtc = new GatedLine(_rtcWire);
        var hpet = new HpetDevice(_machine.Context, _pit, _rtc);
        hpet.Reset();
    }

    [Fact]
    public void Capabilities_TellPeriodAndTimers()
    {
        Assert.Equal(0x0098_9680_8086_A201UL, _machine.ReadQword(HpetDevice.Address));
        Assert.Equal(0x0098_9680u, _machine.ReadDword(HpetDevice.Address + 4));
    }

    [Fact]
    public void Counter_Disabled_StandsStill()
    {
        _machine.Clock.Advance(1000);

        Assert.Equal(0UL, _machine.ReadQword(Counter));
    }

    [Fact]
    public void Counter_Enabled_CountsTenNanoseconds()
    {
        _machine.WriteQword(Configuration, 1);

        _machine.Clock.Advance(1000);

        Assert.Equal(100UL, _machine.ReadQword(Counter));
    }

    [Fact]
    public void Counter_DisabledAgain_KeepsItsValue()
    {
        _machine.WriteQword(Configuration, 1);
        _machine.Clock.Advance(1000);
        _machine.WriteQword(Configuration, 0);
        _machine.Clock.Advance(1000);

        Assert.Equal(100UL, _machine.ReadQword(Counter));
    }

    [Fact]
    public void Counter_WrittenByHalves_IsWhole()
    {
        _machine.WriteDword(Counter, 0x5566_7788);
        _machine.WriteDword(Counter + 4, 0x1122_3344);

        Assert.Equal(0x1122_3344_5566_7788UL, _machine.ReadQword(Counter));
        Assert.Equal(0x1122_3344u, _machine.ReadDword(Counter + 4));
    }

    [Fact]
    public void Legacy_OneShot_PulsesIrq0AtTheMatch()
    {
        _machine.WriteQword(Timer0, Enabled);
        _machine.WriteQword(Timer0 + Comparator, 100);
        _machine.WriteQword(Configuration, 3);

        _machine.Clock.Advance(999);
        int early = _machine.Line(0).RisingEdges;
        _machine.Clock.Advance(1);
        _machine.Clock.Advance(1_000_000_000);

        Assert.Equal(0, early);
        Assert.Equal(1, _machine.Line(0).RisingEdges);
        Assert.False(_machine.Line(0).IsAsserted);
    }

    [Fact]
    public void Legacy_Timer1_PulsesIrq8()
    {
        _machine.WriteQword(Timer1, Enabled);
        _machine.WriteQword(Timer1 + Comparator, 100);
        _machine.WriteQword(Configuration, 3);

        _machine.Clock.Advance(1000);

        Assert.Equal(1, _machine.Line(8).RisingEdges);
    }

    [Fact]
    public void Periodic_ProgrammedAsLinuxDoes_FiresEveryPeriod()
    {
        _machine.WriteDword(Configuration, 3);
        _machine.Clock.Advance(12_345);
        _machine.WriteDword(Timer0, (uint)(Enabled | Periodic | ValueSet | Mode32));
        _machine.WriteDword(Timer0 + Comparator, _machine.ReadDword(Counter) + 100_000);
        _machine.Clock.Advance(1000);
        _machine.WriteDword(Timer0 + Comparator, 100_000);

        _machine.Clock.Advance(10_000_000 - 1000);

        Assert.Equal(10, _machine.Line(0).RisingEdges);
    }

    [Fact]
    public void Periodic_OfOneTick_IsHeldToABearableRate()
    {
        _machine.WriteQword(Timer0, Enabled | Periodic | ValueSet);
        _machine.WriteQword(Timer0 + Comparator, 1);
        _machine.WriteQword(Configuration, 3);

        _machine.Clock.Advance(1_000_000);

        Assert.InRange(_machine.Line(0).RisingEdges, 40, 51);
    }

    [Fact]
    public void OneShot_Of32Bits_MatchesWhenTheCounterHasGoneRound()
    {
        _machine.WriteQword(Counter, 1000);
        _machine.WriteQword(Timer0, Enabled | Mode32);
        _machine.WriteQword(Timer0 + Comparator, 999);
        _machine.WriteQword(Configuration, 3);

        _machine.Clock.Advance(((1L << 32) - 2) * 10);
        int early = _machine.Line(0).RisingEdges;
        _machine.Clock.Advance(10);

        Assert.Equal(0, early);
        Assert.Equal(1, _machine.Line(0).RisingEdges);
    }

    [Fact]
    public void Level_StaysUntilTheStatusIsWritten()
    {
        _machine.WriteQword(Timer2, Enabled | Level | (21UL << 9));
        _machine.WriteQword(Timer2 + Comparator, 100);
        _machine.WriteQword(Configuration, 1);
        _machine.Clock.Advance(1000);
        bool asserted = _machine.Line(21).IsAsserted;
        ulong status = _machine.ReadQword(Status);

        _machine.WriteQword(Status, 4);

        Assert.True(asserted);
        Assert.Equal(4UL, status);
        Assert.False(_machine.Line(21).IsAsserted);
        Assert.Equal(0UL, _machine.ReadQword(Status));
    }

    [Fact]
    public void Route_ThatIsNotOffered_IsNotTaken()
    {
        _machine.WriteQword(Timer2, 22UL << 9);

        _machine.WriteQword(Timer2, 3UL << 9);

        Assert.Equal(22UL, (_machine.ReadQword(Timer2) >> 9) & 0x1F);
    }

    [Fact]
    public void Timer_NotEnabled_DoesNotInterrupt()
    {
        _machine.WriteQword(Timer0 + Comparator, 100);
        _machine.WriteQword(Configuration, 3);

        _machine.Clock.Advance(10_000);

        Assert.Equal(0, _machine.Line(0).RisingEdges);
        Assert.Null(_machine.Clock.NextDeadline);
    }

    [Fact]
    public void LegacyReplacement_CutsPitAndRtcOff()
    {
        _pit.Set(true);
        _machine.WriteQword(Configuration, 3);
        bool cut = _pitWire.IsAsserted;
        _rtc.Set(true);
        bool alsoCut = _rtcWire.IsAsserted;

        _machine.WriteQword(Configuration, 1);

        Assert.False(cut);
        Assert.False(alsoCut);
        Assert.True(_pitWire.IsAsserted);
        Assert.True(_rtcWire.IsAsserted);
    }

    [Fact]
    public void Comparator_OfPeriodicTimer_ShowsTheNextMatch()
    {
        _machine.WriteQword(Timer0, Periodic | ValueSet);
        _machine.WriteQword(Timer0 + Comparator, 100);
        _machine.WriteQword(Configuration, 1);

        _machine.Clock.Advance(2500);

        Assert.Equal(300UL, _machine.ReadQword(Timer0 + Comparator));
    }

    [Fact]
    public void NarrowWrite_IsIgnored()
    {
        _machine.Memory.Bus.Write(Configuration, AccessWidth.Byte, 1);

        Assert.Equal(0UL, _machine.ReadQword(Configuration));
        Assert.Equal(1, _machine.Log.Count);
    }
}
