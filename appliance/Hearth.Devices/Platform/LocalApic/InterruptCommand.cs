namespace Hearth.Devices.Platform.LocalApic;

/// <summary>The interrupt command register, taken apart (Intel SDM Vol. 3, figures 11-12 and 11-28).</summary>
/// <param name="Value">The register; the destination is bits 63:56 in xAPIC mode, 63:32 in x2APIC mode.</param>
internal readonly record struct InterruptCommand(ulong Value, bool IsX2Apic)
{
    /// <summary>A fixed interrupt from a processor to itself.</summary>
    public static InterruptCommand ToSelf(byte vector) => new(((ulong)DestinationShorthand.Self << 18) | vector, true);

    public InterruptDeliveryMode Mode => (InterruptDeliveryMode)((Value >> 8) & 7);

    public byte Vector => (byte)Value;

    public DestinationShorthand Shorthand => (DestinationShorthand)((Value >> 18) & 3);

    /// <summary>INIT level de-assert: a message of old processors that today's ignore.</summary>
    public bool IsDeassert => Mode == InterruptDeliveryMode.Init && (Value & ApicRegisters.CommandLevelTriggered) != 0
        && (Value & ApicRegisters.CommandLevelAssert) == 0;

    public bool CarriesVector => Mode is InterruptDeliveryMode.Fixed or InterruptDeliveryMode.LowestPriority;

    /// <summary>True for the modes that can be sent: no SMI, no ExtINT, no reserved one.</summary>
    public bool IsOffered => CarriesVector
        || Mode is InterruptDeliveryMode.Nmi or InterruptDeliveryMode.Init or InterruptDeliveryMode.StartUp;

    public InterruptMessage ToMessage()
    {
        uint destination = IsX2Apic ? (uint)(Value >> 32) : InterruptMessage.WidenDestination((byte)(Value >> 56));

        // Interprocessor interrupts are edge-triggered whatever the trigger bit says.
        return new InterruptMessage(destination, (Value & ApicRegisters.CommandLogical) != 0, Mode, Vector, false);
    }
}
