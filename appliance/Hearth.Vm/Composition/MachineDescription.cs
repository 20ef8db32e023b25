using Hearth.Cpu;
using Hearth.Devices.Platform;
using Hearth.Devices.Platform.Acpi;
using Hearth.Devices.Platform.FwCfg;
using Hearth.Devices.Platform.Rtc;
using Hearth.Devices.Platform.Smbios;
using Hearth.Devices.Platform.VmGenId;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Vm.Composition;

/// <summary>What the machine says of itself: tables in the BIOS area, CMOS, and the firmware configuration interface.</summary>
internal sealed class MachineDescription
{
    /// <param name="ram">The guest's RAM.</param>
    /// <param name="cpus">vCPUs; their APIC ids are their indices.</param>
    /// <param name="tscFrequency">Ticks a second.</param>
    /// <exception cref="MachineException">There are more processors than the tables have room for.</exception>
    public MachineDescription(GuestRam ram, int cpus, CpuModel model, ulong tscFrequency)
    {
        ulong low = Math.Min(ram.Length, GuestRam.LowEnd);
        CmosMemory = new CmosMemorySize(low, ram.Length - low);

        // The BIOS area is the firmware's where there is one.
        GenerationId = new(ram.RomLength == 0 ? VmGenIdModule.DirectBootAddress : low - GuestRam.PageSize);

        var acpi = new AcpiConfiguration
        {
            ApicIds = [.. Enumerable.Range(0, cpus).Select(index => (uint)index)],
            HighPciMemory = ram.RomLength == 0 ? null : FirmwareFiles.HighPciMemory(ram.Length - low),
            GenerationIdAddress = GenerationId.Value,
        };
        AcpiTables tables = AcpiTables.Build(acpi);
        RootPointer = tables.RootPointer.Value;
        CpuidResult version = CpuidBuilder.Build(model, new CpuTopology(0, cpus), tscFrequency, SpeculationControls.OfTranslatedCode).Lookup(1, 0);
        var smbios = new SmbiosConfiguration
        {
            MemorySize = ram.Length,
            LowMemoryEnd = GuestRam.LowEnd,
            Processors = cpus,
            ProcessorSignature = version.Eax,
            ProcessorFeatures = version.Edx,
            ProcessorVersion = model.Brand,
            ProcessorSpeed = (int)(tscFrequency / 1_000_000),
        };
        IReadOnlyList<FirmwareTable> smbiosTables = SmbiosTables.Build(smbios);
        Tables =
        [
            .. tables.Tables,
            .. smbiosTables,
            .. MultiprocessorTables.Build(acpi, version.Eax, version.Edx),
        ];

        Firmware = new FwCfgContents();
        Firmware.SetUInt64(FwCfgKeys.RamSize, ram.Length);
        Firmware.SetUInt16(FwCfgKeys.ProcessorCount, (ushort)cpus);
        Firmware.SetUInt16(FwCfgKeys.MaximumProcessorCount, (ushort)cpus);
        if (ram.RomLength != 0)
            FirmwareFiles.AddDescriptions(Firmware, acpi, smbiosTables, low, ram.Length - low);
    }

    public CmosMemorySize CmosMemory { get; }

    /// <summary>Where the generation identifier lies.</summary>
    public GuestAddress GenerationId { get; }

    public FwCfgContents Firmware { get; }

    public IReadOnlyList<FirmwareTable> Tables { get; }

    /// <summary>The guest-physical address of the ACPI root pointer.</summary>
    public ulong RootPointer { get; }

    /// <summary>Writes the tables to RAM, as firmware does at every power-on and reset.</summary>
    public void WriteTables(IGuestMemory memory)
    {
        foreach (FirmwareTable table in Tables)
        {
            if (!memory.TryWrite(table.Address, table.Bytes.Span))
                throw new MachineException($"the table {table.Name} at {table.Address} lies outside the guest's memory");
        }
    }
}
