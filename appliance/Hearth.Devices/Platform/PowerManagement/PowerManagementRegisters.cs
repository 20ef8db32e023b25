namespace Hearth.Devices.Platform.PowerManagement;

/// <summary>
/// The power management block: offsets from its port base and the ports beside it. The layout is that of the PIIX4 (Intel
/// 82371AB data sheet, section 7.2), so that firmware for that chip set finds its way.
/// </summary>
internal static class PowerManagementRegisters
{
    /// <summary>Where the block lies in the port space; the PCI function 00:01.3 reports it in its PMBA register.</summary>
    public const ushort PortBase = 0x600;

    /// <summary>Ports the block takes.</summary>
    public const ushort Length = 0x40;

    public const ushort Status = 0x00;
    public const ushort Enable = 0x02;
    public const ushort Control = 0x04;
    public const ushort Timer = 0x08;
    public const ushort GeneralPurposeStatus = 0x0C;
    public const ushort GeneralPurposeEnable = 0x0E;

    /// <summary>SMI_CMD, the chip set's APM control port; the port after it is a scratch byte.</summary>
    public const ushort SmiCommandPort = 0xB2;
    public const ushort SmiStatusPort = 0xB3;
    public const byte AcpiEnable = 0xF1;
    public const byte AcpiDisable = 0xF0;

    /// <summary>The reset control register of the PIIX3 (Intel 82371SB data sheet, section 2.5.8).</summary>
    public const ushort ResetControlPort = 0xCF9;

    /// <summary>A hard reset: what the FADT tells a guest to write.</summary>
    public const byte HardReset = 0x06;

    /// <summary>GSI of the system control interrupt.</summary>
    public const byte SystemControlInterrupt = 9;

    /// <summary>SLP_TYP of S5, as in the \_S5 package.</summary>
    public const byte SoftOffSleepType = 0;
}

/// <summary>PM1 status and enable (ACPI 6.5, sections 4.8.3.1.1 and 4.8.3.1.2).</summary>
[Flags]
internal enum PowerEvents : ushort
{
    None = 0,
    Timer = 1 << 0,
    BusMaster = 1 << 4,
    GlobalLock = 1 << 5,
    PowerButton = 1 << 8,
    SleepButton = 1 << 9,
    RealTimeClock = 1 << 10,
    Wake = 1 << 15,
    CanInterrupt = Timer | GlobalLock | PowerButton | RealTimeClock,
}

/// <summary>PM1 control (ACPI 6.5, section 4.8.3.2.1).</summary>
[Flags]
internal enum PowerControls : ushort
{
    None = 0,

    /// <summary>SCI_EN: power events raise the SCI; clear while the machine is in legacy mode.</summary>
    SystemControlInterrupt = 1 << 0,
    BusMasterReload = 1 << 1,
    SleepTypeMask = 7 << 10,

    /// <summary>SLP_EN: write-only, enters the state that the sleep type names.</summary>
    SleepEnable = 1 << 13,
    Stored = SystemControlInterrupt | BusMasterReload | SleepTypeMask,
}
