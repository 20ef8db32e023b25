using Hearth.Devices.Platform.PowerManagement;
using Hearth.Machine;

namespace Hearth.Devices.Platform.Acpi;

/// <summary>FADT and FACS: the fixed hardware (ACPI 6.5, sections 5.2.9 and 5.2.10).</summary>
internal static class FixedDescription
{
    private const byte Revision = 6;
    private const byte MinorVersion = 5;
    private const byte DesktopProfile = 1;
    private const int CenturyRegister = 0x32;

    // Slower than the limits of section 5.2.9: C2 and C3 are not offered.
    private const int NoC2 = 0x0FFF;
    private const int NoC3 = 0x0FFF;

    private const int EventLength = 4;
    private const int ControlLength = 2;
    private const int TimerLength = 4;
    private const int GeneralPurposeLength = 4;

    private const int LegacyDevices = 1 << 0;
    private const int KeyboardController = 1 << 1;
    private const int NoVga = 1 << 2;

    // The power button is a fixed one (its bit is clear), the timer has 24 bits (likewise).
    private const uint WbinvdWorks = 1 << 0;
    private const uint C1OnAllProcessors = 1 << 2;
    private const uint NoFixedSleepButton = 1 << 5;
    private const uint NoFixedClockWake = 1 << 6;
    private const uint ResetRegister = 1 << 10;

    public static byte[] Build(AcpiConfiguration configuration, GuestAddress facs, GuestAddress dsdt)
    {
        const ushort Base = PowerManagementRegisters.PortBase;
        int bootFlags = LegacyDevices | KeyboardController | (configuration.HasVga ? 0 : NoVga);
        TableWriter table = DescriptionHeader.Begin("FACP", Revision)
            .Dword((uint)facs.Value).Dword((uint)dsdt.Value).Byte(0).Byte(DesktopProfile)
            .Word(PowerManagementRegisters.SystemControlInterrupt)
            .Dword(PowerManagementRegisters.SmiCommandPort)
            .Byte(PowerManagementRegisters.AcpiEnable).Byte(PowerManagementRegisters.AcpiDisable).Byte(0).Byte(0)
            .Dword(Base + PowerManagementRegisters.Status).Dword(0)
            .Dword(Base + PowerManagementRegisters.Control).Dword(0).Dword(0)
            .Dword(Base + PowerManagementRegisters.Timer)
            .Dword(Base + PowerManagementRegisters.GeneralPurposeStatus).Dword(0)
            .Byte(EventLength).Byte(ControlLength).Byte(0).Byte(TimerLength).Byte(GeneralPurposeLength).Byte(0).Byte(0).Byte(0)
            .Word(NoC2).Word(NoC3).Word(0).Word(0).Byte(0).Byte(0).Byte(0).Byte(0).Byte(CenturyRegister)
            .Word(bootFlags).Byte(0)
            .Dword(WbinvdWorks | C1OnAllProcessors | NoFixedSleepButton | NoFixedClockWake | ResetRegister);
        AppendPort(table, PowerManagementRegisters.ResetControlPort, 1);
        table.Byte(PowerManagementRegisters.HardReset).Word(0).Byte(MinorVersion)
            .Qword(0).Qword(dsdt.Value);
        AppendPort(table, Base + PowerManagementRegisters.Status, EventLength);
        AppendPort(table, 0, 0);
        AppendPort(table, Base + PowerManagementRegisters.Control, ControlLength);
        AppendPort(table, 0, 0);
        AppendPort(table, 0, 0);
        AppendPort(table, Base + PowerManagementRegisters.Timer, TimerLength);
        AppendPort(table, Base + PowerManagementRegisters.GeneralPurposeStatus, GeneralPurposeLength);
        AppendPort(table, 0, 0);

        // No sleep control and status registers (those are for hardware-reduced machines).
        AppendPort(table, 0, 0);
        AppendPort(table, 0, 0);
        return DescriptionHeader.Finish(table.Text("HEARTH", 8));
    }

    /// <summary>FACS: no waking vector, no global lock; it has neither the common header nor a checksum.</summary>
    public static byte[] BuildControlStructure()
    {
        const int Size = 64;
        const int FieldsAfterLength = 24;
        const int Version = 2;
        return new TableWriter().Text("FACS", 4).Dword(Size).Zeros(FieldsAfterLength).Byte(Version).Zeros(Size - 33).ToArray();
    }

    /// <summary>A generic address in the port space (section 5.2.3.2); all zero when <paramref name="bytes"/> is zero.</summary>
    private static void AppendPort(TableWriter table, int port, int bytes)
    {
        const byte PortSpace = 1;
        int access = bytes switch { 0 => 0, 1 => 1, 2 => 2, _ => 3 };
        table.Byte(bytes == 0 ? 0 : PortSpace).Byte(bytes * 8).Byte(0).Byte(access).Qword((ulong)port);
    }
}
