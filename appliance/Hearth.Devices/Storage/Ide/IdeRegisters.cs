namespace Hearth.Devices.Storage.Ide;

/// <summary>Ports and bits of an IDE channel (ATA/ATAPI-6, T13 1410D, section 7) and of the PIIX3's function (82371SB datasheet, section 2.3 and 4.4).</summary>
internal static class IdeRegisters
{
    public const ushort PrimaryCommand = 0x1F0;
    public const ushort PrimaryControl = 0x3F6;
    public const ushort SecondaryCommand = 0x170;
    public const ushort SecondaryControl = 0x376;
    public const int PrimaryInterrupt = 14;
    public const int SecondaryInterrupt = 15;
    public const ulong CommandPorts = 8;
    public const ulong BusMasterPorts = 16;

    public const ulong Data = 0;
    public const ulong Features = 1;
    public const ulong SectorCount = 2;
    public const ulong LbaLow = 3;
    public const ulong LbaMid = 4;
    public const ulong LbaHigh = 5;
    public const ulong Device = 6;
    public const ulong Command = 7;

    /// <summary>Device register: which drive is selected.</summary>
    public const byte DeviceSelect = 1 << 4;
    public const byte DeviceLba = 1 << 6;

    /// <summary>Device register: bits that read as one.</summary>
    public const byte DeviceObsolete = 0xA0;
    public const byte HeadMask = 0x0F;

    /// <summary>Device control register.</summary>
    public const byte ControlNoInterrupt = 1 << 1;
    public const byte ControlSoftReset = 1 << 2;
    public const byte ControlHighOrder = 1 << 7;

    /// <summary>What an empty channel's data lines read as: DD7 is pulled down, the others are pulled up.</summary>
    public const byte Floating = 0x7F;

    /// <summary>Configuration space: IDETIM of the primary channel, the secondary's follows.</summary>
    public const int Timing = 0x40;
    public const ushort TimingDecode = 1 << 15;
}

/// <summary>The status register (section 7.15).</summary>
[Flags]
internal enum IdeStatus : byte
{
    None = 0,
    Error = 1 << 0,
    DataRequest = 1 << 3,
    SeekComplete = 1 << 4,
    Ready = 1 << 6,
    Busy = 1 << 7,
}

/// <summary>The error register (section 7.9, and the commands' own descriptions).</summary>
[Flags]
internal enum IdeError : byte
{
    None = 0,

    /// <summary>After a reset or diagnosis: the drive is well.</summary>
    Passed = 1 << 0,
    Aborted = 1 << 2,
    NotFound = 1 << 4,
    Uncorrectable = 1 << 6,
}
