namespace Hearth.Devices.Storage.Ide;

/// <summary>Packet commands of a CD drive (SFF-8020i revision 2.6, section 10; the newer ones from MMC-3).</summary>
internal static class AtapiCommand
{
    public const byte TestUnitReady = 0x00;
    public const byte RequestSense = 0x03;
    public const byte Inquiry = 0x12;
    public const byte ModeSense6 = 0x1A;
    public const byte StartStop = 0x1B;
    public const byte PreventAllow = 0x1E;
    public const byte ReadCapacity = 0x25;
    public const byte Read10 = 0x28;
    public const byte Seek10 = 0x2B;
    public const byte ReadSubchannel = 0x42;
    public const byte ReadToc = 0x43;
    public const byte GetConfiguration = 0x46;
    public const byte GetEventStatus = 0x4A;
    public const byte ReadDiscInformation = 0x51;
    public const byte ModeSense10 = 0x5A;
    public const byte Read12 = 0xA8;
    public const byte SetSpeed = 0xBB;
    public const byte MechanismStatus = 0xBD;
}
