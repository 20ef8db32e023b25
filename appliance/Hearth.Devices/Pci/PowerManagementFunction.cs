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
    private const uint IoSpace = 1;
    private const byte IoEnable = 1;
    private const byte SystemControlInterrupt = 9;

    public PowerManagementFunction(DeviceContext context)
        : base("pci-power-management", new PciIdentity(0x8086, 0x7113, 3, 0x068000, 0), context, new Lock())
    {
        Configuration.DefineUInt32(BaseRegister, AcpiBase | IoSpace);
        Configuration.Define(Miscellaneous, IoEnable);

        // The system control interrupt is wired to IRQ 9 and not to INTA#, which would reach the IOAPIC elsewhere.
        Configuration.Define(PciRegisters.InterruptLine, SystemControlInterrupt);
    }
}
