namespace Hearth.Machine.Tests.Interrupts;

public sealed class InterruptRouterTests
{
    private readonly RecordingInputs _pic = new();
    private readonly RecordingInputs _ioApic = new();
    private readonly InterruptRouter _router;

    public InterruptRouterTests() => _router = new InterruptRouter(_pic, _ioApic);

    [Theory]
    [InlineData(0, 0, 2)]
    [InlineData(1, 1, 1)]
    [InlineData(2, 0, 2)]
    [InlineData(9, 9, 9)]
    [InlineData(15, 15, 15)]
    public void Line_OfTheIsaRange_ReachesBothControllers(int gsi, int picPin, int ioApicPin)
    {
        _router.Line(gsi).Set(true);

        Assert.Equal([(picPin, true)], _pic.Changes);
        Assert.Equal([(ioApicPin, true)], _ioApic.Changes);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(23)]
    public void Line_AboveTheIsaRange_ReachesTheIoApicAlone(int gsi)
    {
        _router.Line(gsi).Set(true);

        Assert.Empty(_pic.Changes);
        Assert.Equal([(gsi, true)], _ioApic.Changes);
    }

    [Fact]
    public void Line_SetToItsLevelAgain_TellsNobody()
    {
        IInterruptLine line = _router.Line(5);

        line.Set(false);
        line.Set(true);
        line.Set(true);

        Assert.Equal([(5, true)], _pic.Changes);
    }

    [Fact]
    public void Lines_OfOneGsi_AreOred()
    {
        IInterruptLine first = _router.Line(16);
        IInterruptLine second = _router.Line(16);

        first.Set(true);
        second.Set(true);
        first.Set(false);
        second.Set(false);

        Assert.Equal([(16, true), (16, false)], _ioApic.Changes);
    }

    [Fact]
    public void Lines_FromManyThreads_EndAtTheOrOfTheirLevels()
    {
        IInterruptLine[] lines = [.. Enumerable.Range(0, 4).Select(_ => _router.Line(16))];

        Parallel.For(0, lines.Length, i =>
        {
            for (int round = 0; round < 10_001; round++)
                lines[i].Set(round % 2 == 0 && (round < 10_000 || i == 2));
        });

        bool[] levels = [.. _ioApic.Changes.Select(change => change.Asserted)];
        Assert.True(levels[^1]);
        Assert.All(levels.Zip(levels.Skip(1)), pair => Assert.NotEqual(pair.First, pair.Second));
    }

    [Fact]
    public void Pulses_OfTheTimersLine_ReachBothControllersAndLeaveTheWireLow()
    {
        IEdgeLine line = _router.Line(0);

        line.Pulse(3, 100);
        line.Cancel();

        Assert.Equal([(0, 3, 100)], _pic.Pulses);
        Assert.Equal([(2, 3, 100)], _ioApic.Pulses);
        Assert.Equal([0], _pic.Cancellations);
        Assert.Equal([2], _ioApic.Cancellations);
        Assert.Empty(_ioApic.Changes);
    }

    [Fact]
    public void Pulses_WhileAnotherSourceHoldsTheWire_ReachNobody()
    {
        _router.Line(16).Set(true);

        _router.Line(16).Pulse(1, 1);

        Assert.Empty(_ioApic.Pulses);
    }

    [Fact]
    public void GatedLine_Closed_LetsNeitherEdgesNorCancellationsThrough()
    {
        var gate = new GatedLine(_router.Line(16)) { IsOpen = false };

        gate.Pulse(1, 1);
        gate.Cancel();
        gate.IsOpen = true;

        Assert.Empty(_ioApic.Pulses);
        Assert.Empty(_ioApic.Cancellations);
    }

    [Fact]
    public void GatedLine_Closed_HoldsTheLevelBackUntilItOpens()
    {
        var gate = new GatedLine(_router.Line(16));

        gate.IsOpen = false;
        gate.Set(true);
        int whileClosed = _ioApic.Changes.Count;
        gate.IsOpen = true;
        gate.IsOpen = false;

        Assert.Equal(0, whileClosed);
        Assert.Equal([(16, true), (16, false)], _ioApic.Changes);
        Assert.False(gate.IsOpen);
    }
}
