using Hearth.Machine;

namespace Hearth.Devices.Pci;

/// <summary>
/// The PIIX4 power management function, 00:01.3 (Intel 82371AB datasheet, section 7.1): it tells where the ACPI registers
/// are. They are fixed there, so the base cannot be moved.
/// </summary>
public sealed class PowerManagementFunction : PciFunction
{
    /// <summary>The first port of the ACPI register block.</summary>
    public const ushort AcpiBase = 0x600;

    private const int BaseRegister = 0x40;
    private const int Miscellaneous = 0x80;

    // Device activity B, bits 31-24: APMC_EN, an SMI for each write to port 0xB2.
    private const int DeviceActivityB3 = 0x5B;
    private const byte ApmControlEnable = 1 << 1;
    private const uint IoSpace = 1;
    private const byte IoEnable = 1;
    private const byte SystemControlInterrupt = 9;

    public PowerManagementFunction(DeviceContext context)
        : base("pci-power-management", new PciIdentity(0x8086, 0x7113, 3, 0x068000, 0), context, new Lock())
    {
        Configuration.DefineUInt32(BaseRegister, AcpiBase | IoSpace);
        Configuration.Define(Miscellaneous, IoEnable);

        // On from the start, it tells firmware that system management mode is set up already: there is none.
        Configuration.Define(DeviceActivityB3, ApmControlEnable);

        // The system control interrupt is wired to IRQ 9 and not to INTA#, which would reach the IOAPIC elsewhere.
        Configuration.Define(PciRegisters.InterruptLine, SystemControlInterrupt);
    }
}
