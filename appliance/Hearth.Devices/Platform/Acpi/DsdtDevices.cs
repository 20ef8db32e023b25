using Hearth.Devices.Platform.Acpi.Aml;
using Hearth.Devices.Platform.FwCfg;
using Hearth.Devices.Platform.PowerManagement;
using Hearth.Devices.Platform.Pvpanic;
using Hearth.Devices.Platform.Uart;
using Hearth.Devices.Platform.VmGenId;
using static Hearth.Devices.Platform.Acpi.Aml.AmlData;
using static Hearth.Devices.Platform.Acpi.Aml.AmlObject;

namespace Hearth.Devices.Platform.Acpi;

/// <summary>The devices at fixed addresses, by their plug-and-play identifiers.</summary>
internal static class DsdtDevices
{
    private const string GenerationIdName = "VGEN";
    private const uint ApicRegisters = 0x1000;
    private const uint HpetRegisters = 0x400;

    /// <summary>What hangs on the ISA bridge.</summary>
    public static IEnumerable<AmlTerm> Isa(AcpiConfiguration configuration)
    {
        for (int index = 0; index < configuration.SerialPorts; index++)
        {
            yield return Device(
                $"COM{index + 1}",
                Name("_HID", EisaId("PNP0501")),
                Name("_UID", index + 1),
                Name("_CRS", AmlResource.Template(
                    AmlResource.Io(UartModule.PortBase(index), 8), AmlResource.Irq(UartModule.Interrupt(index)))));
        }

        yield return Plain("PS2K", "PNP0303", AmlResource.Io(0x60, 1), AmlResource.Io(0x64, 1), AmlResource.Irq(1));
        yield return Plain("PS2M", "PNP0F13", AmlResource.Irq(12));
        yield return Plain("RTC", "PNP0B00", AmlResource.Io(0x70, 2), AmlResource.Irq(8));
        yield return Plain("TIMR", "PNP0100", AmlResource.Io(0x40, 4), AmlResource.Irq(0));
        yield return Plain("IPIC", "PNP0000", AmlResource.Io(0x20, 2), AmlResource.Io(0xA0, 2), AmlResource.Io(0x4D0, 2), AmlResource.Irq(2));
        yield return Plain("SPKR", "PNP0800", AmlResource.Io(0x61, 1));
        if (configuration.HasPvpanic)
        {
            const int PresentEnabledShownWorking = 0x0F;
            yield return Device(
                "PEVT",
                Name("_HID", PvpanicRegisters.HardwareId),
                Name("_STA", PresentEnabledShownWorking),
                Name("_CRS", AmlResource.Template(AmlResource.Io(PvpanicRegisters.Port, 1))));
        }

        yield return Plain(
            "MBRD", "PNP0C02",
            AmlResource.Io(0x92, 1),
            AmlResource.Io(PowerManagementRegisters.SmiCommandPort, 2),
            AmlResource.Io(PowerManagementRegisters.PortBase, PowerManagementRegisters.Length));
    }

    /// <summary>What lies in memory beside the host bridge's windows, and the firmware configuration interface.</summary>
    public static IEnumerable<AmlTerm> MemoryMapped(AcpiConfiguration configuration)
    {
        yield return Plain("IOAP", "PNP0003", AmlResource.Memory32(configuration.IoApicAddress, ApicRegisters));
        yield return Device(
            "LAPC",
            Name("_HID", EisaId("PNP0C02")),
            Name("_UID", 1),
            Name("_CRS", AmlResource.Template(AmlResource.Memory32(configuration.LocalApicAddress, ApicRegisters))));
        if (configuration.HpetCapabilities is not null)
            yield return Plain("HPET", "PNP0103", AmlResource.Memory32(configuration.HpetAddress, HpetRegisters));
        if (configuration.HasFwCfg)
        {
            yield return Device(
                "FWCF",
                Name("_HID", "QEMU0002"),
                Name("_CRS", AmlResource.Template(AmlResource.Io(FwCfgRegisters.PortBase, (int)FwCfgRegisters.Length))));
        }
    }

    /// <summary>The generation identifier, with the two halves of its address (Microsoft, "Virtual Machine Generation ID", section 2).</summary>
    public static AmlTerm GenerationId(ulong address) => Device(
        GenerationIdName,
        Name("_HID", "HRTH0001"),
        Name("_CID", "VM_Gen_Counter"),
        Name("_DDN", "VM_Gen_Counter"),
        Method("ADDR", 0, Return(Package((uint)address, (long)(address >> 32)))));

    /// <summary>The event of a new generation.</summary>
    public static AmlTerm GenerationEvent()
    {
        const int Changed = 0x80;
        return Scope("_GPE", Method($"_E{VmGenIdModule.GeneralPurposeEvent:X2}", 0, Notify($"\\_SB.{GenerationIdName}", Changed)));
    }

    private static AmlTerm Plain(string name, string identifier, params ReadOnlySpan<AmlTerm> resources) => Device(
        name, Name("_HID", EisaId(identifier)), Name("_UID", 0), Name("_CRS", AmlResource.Template(resources)));
}
