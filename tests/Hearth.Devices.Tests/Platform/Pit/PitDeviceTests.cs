using Hearth.Devices.Platform.Pit;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.Pit;

public sealed class PitDeviceTests
{
    private const ushort Counter0 = 0x40;
    private const ushort Counter2 = 0x42;
    private const ushort Control = 0x43;
    private const ushort SystemControl = 0x61;

    private readonly TestMachine _machine = new();
    private readonly ClockRate _rate = new(PitDevice.Frequency);
    private readonly RecordingLine _line = new();
    private ulong _ticks;

    public PitDeviceTests()
    {
        var pit = new PitDevice(_machine.Context, _line);
        pit.Reset();
    }

    [Fact]
    public void Mode0_RaisesItsOutputOnceAtTerminalCount()
    {
        Program(0x30, Counter0, 1000);

        Wait(999);
        int early = _line.RisingEdges;
        Wait(1);
        int onTime = _line.RisingEdges;
        Wait(100_000);

        Assert.Equal([0, 1, 1], [early, onTime, _line.RisingEdges]);
    }

    [Fact]
    public void Mode0_CountsOnBelowZero()
    {
        Program(0x30, Counter0, 1000);

        Wait(1001);

        Assert.Equal(0xFFFF, ReadLatched(0));
    }

    [Fact]
    public void Mode0_FirstOfTwoBytes_StopsTheCount()
    {
        Program(0x30, Counter0, 1000);
        Wait(500);

        _machine.Out(Counter0, 0x00);
        Wait(10_000);

        Assert.Equal(0, _line.RisingEdges);
    }

    [Fact]
    public void Mode0_ControlWordAlone_KeepsTheOutputLow()
    {
        Program(0x30, Counter0, 10);
        Wait(10);

        _machine.Out(Control, 0x30);
        Wait(100_000);

        Assert.False(_line.IsAsserted);
        Assert.Equal(1, _line.RisingEdges);
    }

    [Theory]
    [InlineData(0x34)]
    [InlineData(0x36)]
    [InlineData(0x3C)] // mode 6 is mode 2
    [InlineData(0x3E)] // mode 7 is mode 3
    public void PeriodicModes_RaiseTheOutputEveryPeriod(byte control)
    {
        Program(control, Counter0, 11932);

        for (int i = 0; i < 100; i++)
            Wait(11932);

        Assert.Equal(100, _line.RisingEdges);
    }

    [Fact]
    public void PeriodicMode_OfCountZero_Is18HertzOf65536()
    {
        Program(0x34, Counter0, 0);

        Wait(65535);
        int early = _line.RisingEdges;
        Wait(1);

        Assert.Equal(0, early);
        Assert.Equal(1, _line.RisingEdges);
    }

    [Fact]
    public void PeriodicMode_OfTwoTicks_IsHeldToABearableRate()
    {
        Program(0x34, Counter0, 2);
        Wait(1_000_000);

        // 20 µs between two edges, in 838 ms.
        Assert.InRange(_line.RisingEdges, 40_000, 41_906);
    }

    [Fact]
    public void Mode2_CountsFromTheReloadValueToOne()
    {
        Program(0x34, Counter0, 1000);
        int atStart = ReadLatched(0);
        Wait(999);
        int last = ReadLatched(0);
        Wait(1);

        Assert.Equal([1000, 1, 1000], [atStart, last, ReadLatched(0)]);
    }

    [Fact]
    public void Mode3_CountsByTwo()
    {
        Program(0x36, Counter0, 1000);
        Wait(100);
        int first = ReadLatched(0);
        Wait(500);

        Assert.Equal([800, 800], [first, ReadLatched(0)]);
    }

    [Fact]
    public void Mode4_StrobesOnce()
    {
        Program(0x38, Counter0, 1000);

        Wait(1000);
        int early = _line.RisingEdges;
        Wait(1);
        int onTime = _line.RisingEdges;
        Wait(100_000);

        Assert.Equal([0, 1, 1], [early, onTime, _line.RisingEdges]);
    }

    [Fact]
    public void BcdCount_CountsInDecimal()
    {
        _machine.Out(Control, 0x31);
        _machine.Out(Counter0, 0x00);
        _machine.Out(Counter0, 0x10);

        Wait(1);

        Assert.Equal(0x0999, ReadLatched(0));
    }

    [Fact]
    public void BcdCount_OfZero_IsTenThousand()
    {
        _machine.Out(Control, 0x31);
        _machine.Out(Counter0, 0x00);
        _machine.Out(Counter0, 0x00);

        Wait(9999);
        int early = _line.RisingEdges;
        Wait(1);

        Assert.Equal([0, 1], [early, _line.RisingEdges]);
    }

    [Fact]
    public void Latch_HoldsTheCountUntilBothBytesAreRead()
    {
        Program(0x34, Counter0, 0x1234);
        _machine.Out(Control, 0x00);
        Wait(0x100);
        _machine.Out(Control, 0x00);

        int latched = _machine.In(Counter0) | (_machine.In(Counter0) << 8);
        int live = _machine.In(Counter0) | (_machine.In(Counter0) << 8);

        Assert.Equal(0x1234, latched);
        Assert.Equal(0x1134, live);
    }

    [Theory]
    [InlineData(0x14, 0x34)]
    [InlineData(0x24, 0x12)]
    public void SingleByteAccess_ReadsAndWritesThatByte(byte control, byte expected)
    {
        _machine.Out(Control, control);
        _machine.Out(Counter0, expected);

        Assert.Equal(expected, _machine.In(Counter0));
        Assert.Equal(expected, _machine.In(Counter0));
    }

    [Fact]
    public void ReadBack_GivesStatusThenCount()
    {
        Program(0x34, Counter0, 1000);

        _machine.Out(Control, 0xC2);
        byte status = _machine.In(Counter0);
        int count = _machine.In(Counter0) | (_machine.In(Counter0) << 8);

        Assert.Equal(0x80 | 0x30 | 0x04, status);
        Assert.Equal(1000, count);
    }

    [Fact]
    public void ReadBack_BeforeTheCount_ShowsNullCount()
    {
        _machine.Out(Control, 0x30);

        _machine.Out(Control, 0xE2);

        Assert.Equal(0x40 | 0x30, _machine.In(Counter0));
    }

    [Fact]
    public void ControlWord_CannotBeRead()
    {
        Assert.Equal(0xFF, _machine.In(Control));
    }

    [Fact]
    public void Counter2_InMode0_ShowsItsOutputOnPort61()
    {
        _machine.Out(SystemControl, 0x01);
        Program(0xB0, Counter2, 11932);

        Wait(11931);
        int before = _machine.In(SystemControl) & 0x20;
        Wait(1);

        Assert.Equal(0, before);
        Assert.Equal(0x20, _machine.In(SystemControl) & 0x20);
    }

    [Fact]
    public void Counter2_WithItsGateLow_StandsStill()
    {
        Program(0xB0, Counter2, 1000);
        Wait(500);
        int held = ReadLatched(2);
        _machine.Out(SystemControl, 0x01);
        Wait(100);
        _machine.Out(SystemControl, 0x00);
        Wait(100);
        _machine.Out(SystemControl, 0x01);
        Wait(1);

        Assert.Equal(1000, held);
        Assert.Equal(899, ReadLatched(2));
    }

    [Fact]
    public void Counter2_OneShot_StartsAtTheGatesRise()
    {
        Program(0xB2, Counter2, 1000);
        Wait(100);
        int idle = _machine.In(SystemControl) & 0x20;
        _machine.Out(SystemControl, 0x01);
        Wait(999);
        int active = _machine.In(SystemControl) & 0x20;
        Wait(1);
        int done = _machine.In(SystemControl) & 0x20;

        Assert.Equal([0x20, 0, 0x20], [idle, active, done]);
    }

    [Fact]
    public void Counter2_SquareWave_IsHighForTheFirstHalf()
    {
        _machine.Out(SystemControl, 0x01);
        Program(0xB6, Counter2, 1001);
        Wait(500);
        int firstHalf = _machine.In(SystemControl) & 0x20;
        Wait(1);
        int secondHalf = _machine.In(SystemControl) & 0x20;

        Assert.Equal([0x20, 0], [firstHalf, secondHalf]);
    }

    [Fact]
    public void Port61_KeepsItsLowBitsAndTogglesRefresh()
    {
        _machine.Out(SystemControl, 0xFF);
        int first = _machine.In(SystemControl);
        _machine.Clock.Advance(15_085);
        int second = _machine.In(SystemControl);

        Assert.Equal(0x0F, first & 0xCF);
        Assert.Equal(0x10, (first ^ second) & 0x10);
    }

    private void Program(byte control, ushort port, ushort count)
    {
        _machine.Out(Control, control);
        _machine.Out(port, (byte)count);
        _machine.Out(port, (byte)(count >> 8));
    }

    private int ReadLatched(int counter)
    {
        _machine.Out(Control, (byte)(counter << 6));
        return _machine.In((ushort)(Counter0 + counter)) | (_machine.In((ushort)(Counter0 + counter)) << 8);
    }

    /// <summary>Waits until a number of ticks of the input clock have passed since the last call.</summary>
    private void Wait(ulong ticks)
    {
        _ticks += ticks;
        _machine.Clock.Advance(_rate.ToNanoseconds(_ticks) - _machine.Clock.Now);
    }
}
