using Hearth.Machine;

namespace Hearth.Devices.Platform.Acpi;

/// <summary>What the ACPI and MP tables need to know of a machine; the defaults are those of Hearth's modern PC.</summary>
public sealed record AcpiConfiguration
{
    /// <summary>The local APIC identifiers of the processors, the bootstrap processor first.</summary>
    public required IReadOnlyList<uint> ApicIds { get; init; }

    public uint LocalApicAddress { get; init; } = 0xFEE0_0000;

    public uint IoApicAddress { get; init; } = 0xFEC0_0000;

    /// <summary>As the IOAPIC's own identification register reads.</summary>
    public byte IoApicId { get; init; }

    public uint HpetAddress { get; init; } = 0xFED0_0000;

    /// <summary>Bits 0–31 of the HPET's capabilities; null when the machine has none.</summary>
    public uint? HpetCapabilities { get; init; } = 0x8086_A201;

    /// <summary>Serial ports, COM1 first.</summary>
    public int SerialPorts { get; init; } = 4;

    /// <summary>The machine has a VGA-compatible display adapter.</summary>
    public bool HasVga { get; init; }

    /// <summary>The machine has the firmware configuration interface.</summary>
    public bool HasFwCfg { get; init; } = true;

    /// <summary>The machine has pvpanic.</summary>
    public bool HasPvpanic { get; init; } = true;

    /// <summary>Where the generation identifier lies in RAM; null when the machine has none.</summary>
    public ulong? GenerationIdAddress { get; init; }

    /// <summary>Where PCI memory BARs lie below 4 GiB; RAM ends below it.</summary>
    public AddressRange PciMemory { get; init; } = new(0xC000_0000, 0x3EC0_0000);

    /// <summary>Where PCI memory BARs lie above 4 GiB and above RAM, if anywhere.</summary>
    public AddressRange? HighPciMemory { get; init; }
}
