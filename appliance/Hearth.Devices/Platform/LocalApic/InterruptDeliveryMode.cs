namespace Hearth.Devices.Platform.LocalApic;

/// <summary>The delivery mode field of ICR, LVT, IOAPIC and MSI (Intel SDM Vol. 3, section 11.6.1).</summary>
public enum InterruptDeliveryMode : byte
{
    Fixed = 0,
    LowestPriority = 1,
    Smi = 2,
    Reserved = 3,
    Nmi = 4,
    Init = 5,
    StartUp = 6,
    ExtInt = 7,
}
