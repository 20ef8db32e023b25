using Hearth.Machine;

namespace Hearth.Devices.Platform.LocalApic;

/// <summary>The way to local APICs that a CPU engine has built in.</summary>
/// <remarks>
/// Such an APIC does not tell when it accepts an interrupt, only when a level-triggered one ends. So a pin whose edges are counted is announced
/// as level-triggered, while its messages are edges: then its end is told too, and the next edge waits for that. Lock order: IOAPIC, this, engine.
/// </remarks>
public sealed class EngineApicBus : IApicBus, IProcessorSink
{
    private const ulong MessageWindow = 0xFEE0_0000;
    private const ulong LogicalDestination = 1 << 2;
    private const ulong RedirectionHint = 1 << 3;
    private const uint LevelAssert = 1 << 14;
    private const uint LevelTriggered = 1 << 15;
    private const int Pins = InterruptRouter.GsiCount;

    /// <summary>An engine that has told no end after so many edges never will (AMD's AVIC ends edges by itself): the pin is not counted any more.</summary>
    private const int Patience = 1000;

    private readonly IEngineApics _apics;
    private readonly Lock _lock = new();
    private readonly CountedPin[] _counted = new CountedPin[Pins];
    private readonly InterruptMessage[] _routes = new InterruptMessage[Pins];
    private IProcessorSink? _ioApic;

    public EngineApicBus(IEngineApics apics)
    {
        ArgumentNullException.ThrowIfNull(apics);
        _apics = apics;
        apics.Connect(this);
    }

    private enum Counting
    {
        Not,
        Idle,
        InFlight,
        GivenUp,
    }

    public void Connect(IProcessorSink ioApic) => _ioApic = ioApic;

    public void Send(ulong address, uint data) => _apics.TrySend(address, data);

    public MessageOutcome Deliver(in InterruptMessage message) =>
        _apics.TrySend(AddressOf(message), DataOf(message, message.IsLevel)) ? MessageOutcome.Taken : MessageOutcome.Refused;

    public MessageOutcome DeliverCounted(int pin, in InterruptMessage message)
    {
        lock (_lock)
        {
            ref CountedPin counted = ref _counted[pin];
            if (counted.State == Counting.Not)
            {
                counted.State = Counting.Idle;
                Announce(pin);
            }

            if (counted.State == Counting.InFlight)
            {
                if (++counted.Waited < Patience)
                    return MessageOutcome.Merged;
                counted.State = Counting.GivenUp;
            }

            MessageOutcome outcome = Deliver(message);
            if (outcome == MessageOutcome.Taken && counted.State == Counting.Idle)
                counted = new CountedPin(Counting.InFlight, 0);
            return outcome;
        }
    }

    public void Route(int pin, in InterruptMessage message)
    {
        lock (_lock)
        {
            if (_routes[pin] == message)
                return;
            _routes[pin] = message;

            // The end of what was sent before would not be told any more.
            if (_counted[pin].State == Counting.InFlight)
                _counted[pin] = new CountedPin(Counting.Idle, 0);
            Announce(pin);
        }
    }

    /// <summary>Never told by an engine.</summary>
    public void Accepted(byte vector)
    {
    }

    public void EndOfInterrupt(byte vector)
    {
        bool accepts = false;
        lock (_lock)
        {
            for (int pin = 0; pin < Pins; pin++)
            {
                if (_counted[pin].State == Counting.InFlight && _routes[pin].Vector == vector)
                {
                    _counted[pin] = new CountedPin(Counting.Idle, 0);
                    accepts = true;
                }
            }
        }

        if (accepts)
            _ioApic?.Accepted(vector);
        _ioApic?.EndOfInterrupt(vector);
    }

    private static ulong AddressOf(in InterruptMessage message)
    {
        byte destination = message.Destination == InterruptMessage.Broadcast ? (byte)0xFF : (byte)message.Destination;
        bool isRedirected = message.Mode == InterruptDeliveryMode.LowestPriority;
        return MessageWindow | ((ulong)destination << 12) | (message.IsLogical ? LogicalDestination : 0) | (isRedirected ? RedirectionHint : 0);
    }

    private static uint DataOf(in InterruptMessage message, bool isLevel) =>
        message.Vector | ((uint)message.Mode << 8) | (isLevel ? LevelAssert | LevelTriggered : 0);

    private void Announce(int pin)
    {
        InterruptMessage route = _routes[pin];
        bool endIsTold = route.IsLevel || _counted[pin].State is Counting.Idle or Counting.InFlight;
        _apics.SetRoute(pin, AddressOf(route), DataOf(route, endIsTold));
    }

    /// <param name="Waited">Edges that came while one was in flight.</param>
    private record struct CountedPin(Counting State, int Waited);
}
