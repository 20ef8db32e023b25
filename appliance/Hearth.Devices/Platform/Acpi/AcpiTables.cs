using Hearth.Devices.Platform.VmGenId;
using Hearth.Machine;

namespace Hearth.Devices.Platform.Acpi;

/// <summary>The ACPI tables of a machine that boots without firmware (ACPI 6.5, chapter 5), placed in the BIOS area.</summary>
public sealed class AcpiTables
{
    /// <summary>Where the tables begin; the area is reserved in the memory map that a loader gives the guest.</summary>
    public const ulong Start = 0xE_0000;

    /// <summary>Where they end at the latest: the generation identifier, SMBIOS and MP tables follow.</summary>
    public const ulong End = VmGenIdModule.DirectBootAddress;

    /// <summary>As many processors as the area has room for.</summary>
    public const int MaximumProcessors = 1024;

    private const ulong Alignment = 64;

    private readonly List<FirmwareTable> _tables = [];
    private readonly ulong _end;
    private ulong _next;

    private AcpiTables(ulong start, ulong end)
    {
        _next = start + Alignment;
        _end = end;
    }

    /// <summary>All tables, to be written to RAM as they are.</summary>
    public IReadOnlyList<FirmwareTable> Tables => _tables;

    /// <summary>Where the RSDP lies: for hvm_start_info.rsdp_paddr and boot_params.acpi_rsdp_addr. A legacy kernel finds it by itself.</summary>
    public GuestAddress RootPointer => _tables[^1].Address;

    /// <exception cref="MachineException">The configuration has no processor or too many of them, or too many serial ports.</exception>
    public static AcpiTables Build(AcpiConfiguration configuration) => Build(configuration, Start, End);

    /// <inheritdoc cref="Build(AcpiConfiguration)"/>
    /// <param name="start">Where the root pointer lies; the tables follow it.</param>
    internal static AcpiTables Build(AcpiConfiguration configuration, ulong start, ulong end)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (configuration.ApicIds.Count is 0 or > MaximumProcessors)
            throw new MachineException($"A machine has 1 to {MaximumProcessors} processors, not {configuration.ApicIds.Count}.");
        if (configuration.SerialPorts is < 0 or > 4)
            throw new MachineException($"A PC has 0 to 4 serial ports, not {configuration.SerialPorts}.");
        var tables = new AcpiTables(start, end);
        GuestAddress control = tables.Place("FACS", FixedDescription.BuildControlStructure());
        GuestAddress differentiated = tables.Place("DSDT", Dsdt.Build(configuration));
        List<GuestAddress> described =
        [
            tables.Place("FACP", FixedDescription.Build(configuration, control, differentiated)),
            tables.Place("APIC", ApicDescription.Build(configuration)),
        ];
        if (configuration.HpetCapabilities is { } capabilities)
            described.Add(tables.Place("HPET", TimerDescription.Build(configuration.HpetAddress, capabilities)));
        GuestAddress root = tables.Place("RSDT", RootDescription.BuildRsdt(described));
        GuestAddress extendedRoot = tables.Place("XSDT", RootDescription.BuildXsdt(described));
        tables._tables.Add(new FirmwareTable("RSD PTR", new GuestAddress(start), RootDescription.BuildRootPointer(root, extendedRoot)));
        return tables;
    }

    private GuestAddress Place(string name, byte[] table)
    {
        var address = new GuestAddress(_next);
        _next = (_next + (ulong)table.Length + Alignment - 1) & ~(Alignment - 1);
        if (_next > _end)
            throw new MachineException($"The ACPI tables do not fit below 0x{_end:x}: the machine has too many processors.");
        _tables.Add(new FirmwareTable(name, address, table));
        return address;
    }
}
