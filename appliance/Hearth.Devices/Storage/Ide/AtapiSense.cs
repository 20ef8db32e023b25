namespace Hearth.Devices.Storage.Ide;

/// <summary>Why a packet command failed: sense key, additional sense code and its qualifier (SFF-8020i, section 10.8.20).</summary>
internal readonly record struct AtapiSense(byte Key, byte Code, byte Qualifier)
{
    public static readonly AtapiSense NoMedium = new(0x02, 0x3A, 0x00);
    public static readonly AtapiSense TrayOpen = new(0x02, 0x3A, 0x02);
    public static readonly AtapiSense Unreadable = new(0x03, 0x11, 0x00);
    public static readonly AtapiSense UnknownCommand = new(0x05, 0x20, 0x00);
    public static readonly AtapiSense OutOfRange = new(0x05, 0x21, 0x00);
    public static readonly AtapiSense InvalidField = new(0x05, 0x24, 0x00);
    public static readonly AtapiSense UnsupportedPage = new(0x05, 0x24, 0x00);
    public static readonly AtapiSense RemovalPrevented = new(0x05, 0x53, 0x02);
    public static readonly AtapiSense MediumChanged = new(0x06, 0x28, 0x00);
    public static readonly AtapiSense PoweredOn = new(0x06, 0x29, 0x00);

    /// <summary>Nothing failed.</summary>
    public static AtapiSense None => default;

    public bool IsUnitAttention => Key == 0x06;
}
