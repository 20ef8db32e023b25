namespace Hearth.Devices.Virtio;

/// <summary>Where the structures of the transport lie in the one BAR, a page each (virtio 1.2, section 4.1.4).</summary>
internal static class VirtioPciLayout
{
    public const int BarIndex = 0;
    public const ulong BarLength = 0x8000;

    public const uint Common = 0x0000;
    public const uint CommonLength = 0x3C;
    public const uint InterruptStatus = 0x1000;
    public const uint InterruptStatusLength = 1;
    public const uint Device = 0x2000;
    public const uint Notify = 0x3000;
    public const uint NotifyMultiplier = 4;
    public const uint MsixEntries = 0x4000;
    public const uint MsixPending = 0x5000;
    public const uint PageMask = 0xF000;

    public const byte TypeCommon = 1;
    public const byte TypeNotify = 2;
    public const byte TypeInterruptStatus = 3;
    public const byte TypeDevice = 4;
    public const byte TypeConfigurationAccess = 5;
}
