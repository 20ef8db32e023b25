namespace Hearth.Devices.Platform.Pvpanic;

/// <summary>The port of pvpanic and its bits (QEMU, docs/specs/pvpanic).</summary>
internal static class PvpanicRegisters
{
    public const ushort Port = 0x505;

    /// <summary>The ACPI identifier by which a driver finds the port.</summary>
    public const string HardwareId = "QEMU0001";

    /// <summary>The kernel panicked and is at its end.</summary>
    public const byte Panicked = 1 << 0;

    /// <summary>The kernel panicked, and a second one that it had loaded goes on to write a dump.</summary>
    public const byte CrashLoaded = 1 << 1;

    public const byte Known = Panicked | CrashLoaded;
}
