using Hearth.Devices.Platform.Acpi.Aml;
using Hearth.Devices.Platform.PowerManagement;
using static Hearth.Devices.Platform.Acpi.Aml.AmlData;
using static Hearth.Devices.Platform.Acpi.Aml.AmlObject;

namespace Hearth.Devices.Platform.Acpi;

/// <summary>
/// The DSDT: processors, the PCI host bridge with its windows and interrupt routing, the devices at fixed addresses
/// (ACPI 6.5, chapters 6 and 9).
/// </summary>
internal static class Dsdt
{
    private const byte Revision = 2;
    private const int Slots = 32;
    private const int Pins = 4;
    private const int FirstPciInterrupt = 16;

    /// <summary>The ISA interrupts of PIRQ A to D, as the PCI resources are assigned at power-on and as SeaBIOS assigns them.</summary>
    private static readonly byte[] s_legacyInterrupts = [10, 10, 11, 11];

    /// <summary>The IOAPIC input that an INTx pin of a slot drives; the PCI host bridge wires it in the same way.</summary>
    /// <param name="pin">0 for INTA to 3 for INTD.</param>
    public static int InterruptOf(int slot, int pin) => FirstPciInterrupt + ((slot + pin) % Pins);

    public static byte[] Build(AcpiConfiguration configuration)
    {
        AmlTerm softOff = PowerManagementRegisters.SoftOffSleepType;
        AmlTerm[] generation = configuration.GenerationIdAddress is { } address ? [DsdtDevices.GenerationId(address)] : [];
        AmlTerm[] generationEvent = generation.Length == 0 ? [] : [DsdtDevices.GenerationEvent()];
        AmlTerm[] terms =
        [
            Name("_S5", Package(softOff, softOff, 0, 0)),
            Name("PICM", 0),
            Method("_PIC", 1, Store(Argument0, "PICM")),
            Scope("_SB",
            [
                .. Processors(configuration.ApicIds.Count),
                HostBridge(configuration),
                .. DsdtDevices.MemoryMapped(configuration),
                .. generation,
            ]),
            .. generationEvent,
        ];
        return DescriptionHeader.Finish(DescriptionHeader.Begin("DSDT", Revision).Bytes(AmlTerm.Join(terms)));
    }

    // Without an IOAPIC the ISA bridge routes the four wires to the PIC as it was set up at power-on.
    private static int LegacyInterruptOf(int slot, int pin) => s_legacyInterrupts[(slot + pin + Pins - 1) % Pins];

    private static IEnumerable<AmlTerm> Processors(int count)
    {
        for (int uid = 0; uid < count; uid++)
            yield return Device($"C{uid:X3}", Name("_HID", "ACPI0007"), Name("_UID", uid));
    }

    private static AmlTerm HostBridge(AcpiConfiguration configuration) => Device(
        "PCI0",
        Name("_HID", EisaId("PNP0A03")),
        Name("_UID", 0),
        Name("_BBN", 0),
        Name("_SEG", 0),
        Name("_CRS", Windows(configuration)),
        Name("PRTA", Routing(InterruptOf)),
        Name("PRTP", Routing(LegacyInterruptOf)),
        Method("_PRT", 0, If(Reference("PICM"), Return(Reference("PRTA"))), Return(Reference("PRTP"))),
        Device("ISA", [Name("_ADR", 0x0001_0000), .. DsdtDevices.Isa(configuration)]));

    private static AmlTerm Windows(AcpiConfiguration configuration)
    {
        List<AmlTerm> windows =
        [
            AmlResource.BusNumbers(0, 255),
            AmlResource.Io(0xCF8, 8),
            AmlResource.IoWindow(0x0000, 0x0CF7),
            AmlResource.IoWindow(0x0D00, 0xFFFF),
            AmlResource.MemoryWindow32(0xA_0000, 0xB_FFFF, cacheable: true),
            AmlResource.MemoryWindow32(
                (uint)configuration.PciMemory.Start, (uint)(configuration.PciMemory.End - 1), cacheable: false),
        ];
        if (configuration.HighPciMemory is { } high)
            windows.Add(AmlResource.MemoryWindow64(high.Start, high.End - 1, cacheable: true));
        return AmlResource.Template([.. windows]);
    }

    /// <summary>Every pin of every slot goes straight to an input; there are no link devices.</summary>
    private static AmlTerm Routing(Func<int, int, int> interruptOf)
    {
        List<AmlTerm> routes = [];
        for (int slot = 0; slot < Slots; slot++)
        {
            for (int pin = 0; pin < Pins; pin++)
                routes.Add(Package((slot << 16) | 0xFFFF, pin, 0, interruptOf(slot, pin)));
        }

        return Package([.. routes]);
    }
}
