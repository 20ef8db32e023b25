namespace Hearth.Devices.Platform.Hpet;

/// <summary>Registers and bits of the HPET (IA-PC HPET specification 1.0a, section 2.3).</summary>
internal static class HpetRegisters
{
    public const ulong Capabilities = 0x000;
    public const ulong Configuration = 0x010;
    public const ulong InterruptStatus = 0x020;
    public const ulong MainCounter = 0x0F0;
    public const ulong Timers = 0x100;
    public const ulong TimerStride = 0x20;
    public const ulong TimerConfiguration = 0x00;
    public const ulong TimerComparator = 0x08;

    /// <summary>Femtoseconds a tick (10 ns), Intel as vendor, legacy routing, 64-bit counter, three timers, revision 1.</summary>
    public const ulong CapabilitiesValue =
        (10_000_000UL << 32) | (0x8086UL << 16) | (1 << 15) | (1 << 13) | ((HpetDevice.TimerCount - 1) << 8) | 1;

    public const ulong Enable = 1 << 0;
    public const ulong LegacyReplacement = 1 << 1;

    public const ulong LevelTriggered = 1 << 1;
    public const ulong InterruptEnable = 1 << 2;
    public const ulong Periodic = 1 << 3;
    public const ulong ValueSet = 1 << 6;
    public const ulong Mode32 = 1 << 8;
    public const int RouteShift = 9;
    public const ulong RouteMask = 0x1F << RouteShift;

    /// <summary>Every timer can be periodic, is 64 bits wide and reaches IOAPIC pins 20–23.</summary>
    public const ulong TimerCapabilities = (0x00F0_0000UL << 32) | (1 << 5) | (1 << 4);

    public const ulong TimerWritable = LevelTriggered | InterruptEnable | Periodic | ValueSet | Mode32;
    public const int FirstRoute = 20;
    public const int LastRoute = 23;
}
