namespace Hearth.Devices.Pci;

/// <summary>Offsets and bits of the configuration space header, type 0 (PCI Local Bus 3.0, section 6.1 and 6.2).</summary>
internal static class PciRegisters
{
    public const int SpaceLength = 256;
    public const int HeaderLength = 0x40;

    public const int VendorId = 0x00;
    public const int DeviceId = 0x02;
    public const int Command = 0x04;
    public const int Status = 0x06;
    public const int RevisionId = 0x08;
    public const int ProgrammingInterface = 0x09;
    public const int Subclass = 0x0A;
    public const int BaseClass = 0x0B;
    public const int CacheLineSize = 0x0C;
    public const int LatencyTimer = 0x0D;
    public const int HeaderType = 0x0E;
    public const int FirstBar = 0x10;
    public const int SubsystemVendorId = 0x2C;
    public const int SubsystemId = 0x2E;
    public const int RomAddress = 0x30;
    public const int CapabilitiesPointer = 0x34;
    public const int InterruptLine = 0x3C;
    public const int InterruptPin = 0x3D;

    public const int BarCount = 6;

    public const ushort CommandIo = 1 << 0;
    public const ushort CommandMemory = 1 << 1;
    public const ushort CommandMaster = 1 << 2;
    public const ushort CommandInterruptDisable = 1 << 10;
    public const ushort CommandWritable = CommandIo | CommandMemory | CommandMaster | (1 << 6) | (1 << 8) | CommandInterruptDisable;

    public const ushort StatusInterrupt = 1 << 3;
    public const ushort StatusCapabilities = 1 << 4;

    public const byte HeaderMultifunction = 0x80;

    public const byte CapabilityMsi = 0x05;
    public const byte CapabilityMsix = 0x11;
    public const byte CapabilityVendor = 0x09;
}
