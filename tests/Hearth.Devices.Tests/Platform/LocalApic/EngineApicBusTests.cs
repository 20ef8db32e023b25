using Hearth.Devices.Platform;
using Hearth.Devices.Platform.IoApic;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.LocalApic;

/// <summary>The IOAPIC before local APICs that a CPU engine has built in, and that tell nothing but ends.</summary>
public sealed class EngineApicBusTests
{
    private const uint Level = 1 << 15;
    private const byte Vector = 0x44;
    private const int LevelPin = 16;
    private const int CountedPin = 8;

    private readonly TestMachine _machine = new();
    private readonly ScriptedApics _apics = new();
    private readonly InterruptSystem _system;

    public EngineApicBusTests()
    {
        _system = new InterruptSystem(_machine.Memory, _machine.Ports, _machine.Clock, _machine.Log, _apics);
    }

    [Fact]
    public void Settle_levelWhoseEndWasNotTold_sendsItAgain()
    {
        WriteEntry(LevelPin, Level | Vector);
        _system.Line(LevelPin).Set(true);

        _system.Settle();

        Assert.Equal(2, _apics.Sent);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Settle_levelThatIsServedOrWaits_leavesItAlone(bool isAsserted)
    {
        WriteEntry(LevelPin, Level | Vector);
        IInterruptLine line = _system.Line(LevelPin);
        line.Set(true);
        line.Set(isAsserted);
        _apics.Known.Add(Vector);

        _system.Settle();

        Assert.Equal(1, _apics.Sent);
        _apics.Known.Clear();
        _apics.Tell(Vector);
        Assert.Equal(isAsserted ? 2 : 1, _apics.Sent);
    }

    [Fact]
    public void Settle_countedEdgeWhoseEndWasNotTold_sendsTheNext()
    {
        WriteEntry(CountedPin, Vector);
        _system.Line(CountedPin).Pulse(3, 100);

        _system.Settle();

        Assert.Equal(2, _apics.Sent);
    }

    [Fact]
    public void CountedEdges_followTheEndsThatAreTold()
    {
        WriteEntry(CountedPin, Vector);
        _system.Line(CountedPin).Pulse(3, 100);

        int[] sent = [_apics.Sent, Told(), Told(), Told()];

        Assert.Equal([1, 2, 3, 3], sent);
    }

    [Fact]
    public void CountedEdges_whereNoEndIsEverTold_comeUncountedAfterSome()
    {
        WriteEntry(CountedPin, Vector);

        for (int i = 0; i < 100; i++)
            _system.Line(CountedPin).Pulse(1, 1);

        Assert.InRange(_apics.Sent, 80, 99);
    }

    [Fact]
    public void CountedEdges_whereEndsAreTold_areWaitedForLonger()
    {
        WriteEntry(CountedPin, Vector);
        _system.Line(CountedPin).Pulse(1, 1);
        Told();

        for (int i = 0; i < 100; i++)
            _system.Line(CountedPin).Pulse(1, 1);

        Assert.Equal(2, _apics.Sent);
    }

    [Fact]
    public void CountedEdge_thatAnInitLost_blocksThePinNotForEver()
    {
        WriteEntry(CountedPin, Vector);
        _system.Line(CountedPin).Pulse(1, 1);
        Told();
        for (int i = 0; i < 1500; i++)
            _system.Line(CountedPin).Pulse(1, 1);

        Assert.Equal(3, _apics.Sent);
        Told();
        Assert.Equal(4, _apics.Sent);
    }

    private int Told()
    {
        _apics.Tell(Vector);
        return _apics.Sent;
    }

    private void WriteEntry(int pin, uint low)
    {
        WriteIndexed(0x11 + (pin * 2), 0);
        WriteIndexed(0x10 + (pin * 2), low);
    }

    private void WriteIndexed(int index, uint value)
    {
        _machine.WriteDword(IoApicDevice.Address, (uint)index);
        _machine.WriteDword(IoApicDevice.Address + 0x10, value);
    }

    private sealed class ScriptedApics : IEngineApics
    {
        private IProcessorSink? _sink;

        public HashSet<byte> Known { get; } = [];

        public int Sent { get; private set; }

        public IEngineApic this[int index] => throw new InvalidOperationException("there is no vCPU here");

        public bool TrySend(ulong address, uint data)
        {
            Sent++;
            return true;
        }

        public void SetRoute(int pin, ulong address, uint data)
        {
        }

        public void AddVectors(Span<ulong> into)
        {
            foreach (byte vector in Known)
                into[vector >> 6] |= 1UL << vector;
        }

        public void Connect(IProcessorSink sink) => _sink = sink;

        public void Tell(byte vector) => _sink?.EndOfInterrupt(vector);
    }
}
