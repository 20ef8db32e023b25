using Hearth.Machine;

namespace Hearth.Devices.Platform.LocalApic;

/// <summary>Carries interrupt messages to the local APICs, whoever has them, and what processors do with them back to the IOAPIC.</summary>
public interface IApicBus : IMessageInterruptSink
{
    /// <summary>Connects the IOAPIC; once, before the machine runs.</summary>
    void Connect(IProcessorSink ioApic);

    /// <summary>Delivers a message to the APICs it is addressed to.</summary>
    MessageOutcome Deliver(in InterruptMessage message);

    /// <summary>Delivers an edge of a pin whose edges are counted: never before the one that was sent last was accepted, or ended.</summary>
    MessageOutcome DeliverCounted(int pin, in InterruptMessage message);

    /// <summary>The IOAPIC tells what a pin would send now, masked or not.</summary>
    void Route(int pin, in InterruptMessage message);
}
