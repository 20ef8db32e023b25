namespace Hearth.Devices.Platform.LocalApic;

/// <summary>One message on the bus between interrupt sources and local APICs.</summary>
/// <param name="Destination">An APIC id or a logical destination; <see cref="Broadcast"/> for all.</param>
/// <param name="IsLogical">How <paramref name="Destination"/> is meant.</param>
/// <param name="IsLevel">Level-triggered: the local APIC broadcasts the EOI to the IOAPIC.</param>
public readonly record struct InterruptMessage(
    uint Destination, bool IsLogical, InterruptDeliveryMode Mode, byte Vector, bool IsLevel)
{
    /// <summary>The destination that every local APIC takes as its own.</summary>
    public const uint Broadcast = uint.MaxValue;

    private const byte XApicBroadcast = 0xFF;

    /// <summary>Widens the 8-bit destination of an xAPIC, an IOAPIC or an MSI.</summary>
    public static uint WidenDestination(byte destination) => destination == XApicBroadcast ? Broadcast : destination;
}
