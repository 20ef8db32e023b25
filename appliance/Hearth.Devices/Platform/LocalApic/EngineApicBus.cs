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

    /// <summary>An engine that has never told an end, and has not after so many edges, never will (AMD's AVIC ends edges by itself): the pin is not counted.</summary>
    private const int FirstPatience = 16;

    /// <summary>After so many edges the one in flight was lost: by an INIT, say.</summary>
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
                if (++counted.Waited < (counted.EndsAreTold ? Patience : FirstPatience))
                    return MessageOutcome.Merged;
                counted.State = counted.EndsAreTold ? Counting.Idle : Counting.GivenUp;
            }

            MessageOutcome outcome = Deliver(message);
            if (outcome == MessageOutcome.Taken && counted.State == Counting.Idle)
                counted = counted with { State = Counting.InFlight, Waited = 0 };
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
                _counted[pin].State = Counting.Idle;
            Announce(pin);
        }
    }

    /// <summary>Never told by an engine.</summary>
    public void Accepted(byte vector)
    {
    }

    public void EndOfInterrupt(byte vector) => End(vector, isTold: true);

    /// <summary>
    /// Catches up on ends of interrupts that have not been told. While no vCPU runs: then a vector that no APIC has requested or in service
    /// has ended, and what the engine has still to tell of it would not be part of a saved state. An end that is told twice is an interrupt
    /// too many at worst.
    /// </summary>
    public void Settle()
    {
        Span<ulong> vectors = stackalloc ulong[4];
        vectors.Clear();
        _apics.AddVectors(vectors);
        for (int pin = 0; pin < Pins; pin++)
        {
            byte vector = VectorOf(pin);
            if (((vectors[vector >> 6] >> vector) & 1) == 0)
                End(vector, isTold: false);
        }
    }

    private void End(byte vector, bool isTold)
    {
        bool accepts = false;
        lock (_lock)
        {
            for (int pin = 0; pin < Pins; pin++)
            {
                ref CountedPin counted = ref _counted[pin];
                if (counted.State != Counting.InFlight || _routes[pin].Vector != vector)
                    continue;
                counted = counted with { State = Counting.Idle, EndsAreTold = counted.EndsAreTold || isTold };
                accepts = true;
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

    private byte VectorOf(int pin)
    {
        lock (_lock)
            return _routes[pin].Vector;
    }

    private void Announce(int pin)
    {
        InterruptMessage route = _routes[pin];
        bool endIsTold = route.IsLevel || _counted[pin].State is Counting.Idle or Counting.InFlight;
        _apics.SetRoute(pin, AddressOf(route), DataOf(route, endIsTold));
    }

    /// <param name="Waited">Edges that came while one was in flight.</param>
    /// <param name="EndsAreTold">The engine has told an end of this pin.</param>
    private record struct CountedPin(Counting State, int Waited, bool EndsAreTold);
}
