using Hearth.Devices.Platform.LocalApic;

namespace Hearth.Devices.Platform.IoApic;

/// <summary>One entry of the redirection table (82093AA data sheet, section 3.2.4).</summary>
internal readonly record struct RedirectionEntry(ulong Value)
{
    private const ulong DeliveryStatus = 1 << 12;
    private const ulong RemoteIrrBit = 1 << 14;
    private const ulong LevelBit = 1 << 15;
    private const ulong MaskBit = 1 << 16;
    private const ulong ReadOnly = DeliveryStatus | RemoteIrrBit;
    private const ulong Defined = 0xFF00_0000_0001_FFFF;

    /// <summary>Masked, everything else zero.</summary>
    public static RedirectionEntry PowerOn => new(MaskBit);

    public byte Vector => (byte)Value;

    /// <summary>True between the delivery of a level-triggered interrupt and its EOI.</summary>
    public bool RemoteIrr => (Value & RemoteIrrBit) != 0;

    public bool IsLevel => (Value & LevelBit) != 0;

    public bool IsMasked => (Value & MaskBit) != 0;

    /// <summary>
    /// The entry after a guest wrote it. Making it edge-triggered forgets a remote IRR, which is how guests clear a stuck one.
    /// </summary>
    public RedirectionEntry Written(ulong value)
    {
        ulong merged = (value & Defined & ~ReadOnly) | (Value & ReadOnly);
        return new((merged & LevelBit) != 0 ? merged : merged & ~RemoteIrrBit);
    }

    public RedirectionEntry WithRemoteIrr(bool set) => new(set ? Value | RemoteIrrBit : Value & ~RemoteIrrBit);

    public InterruptMessage ToMessage() => new(
        InterruptMessage.WidenDestination((byte)(Value >> 56)),
        (Value & (1 << 11)) != 0,
        (InterruptDeliveryMode)((Value >> 8) & 7),
        Vector,
        IsLevel);
}
