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
/// <remarks>Tables are built when they are asked for: a guest that goes on has them in its memory.</remarks>
internal sealed class MachineDescription
{
    private readonly GuestRam _ram;
    private readonly int _cpus;
    private readonly CpuModel _model;
    private readonly ulong _tscFrequency;
    private readonly AcpiConfiguration _acpi;

    /// <param name="ram">The guest's RAM.</param>
    /// <param name="cpus">vCPUs; their APIC ids are their indices.</param>
    /// <param name="tscFrequency">Ticks a second.</param>
    /// <exception cref="MachineException">There are more processors than the tables for the firmware have room for.</exception>
    public MachineDescription(GuestRam ram, int cpus, CpuModel model, ulong tscFrequency)
    {
        (_ram, _cpus, _model, _tscFrequency) = (ram, cpus, model, tscFrequency);
        ulong low = Math.Min(ram.Length, GuestRam.LowEnd);
        CmosMemory = new CmosMemorySize(low, ram.Length - low);

        // The BIOS area is the firmware's where there is one.
        GenerationId = new(ram.RomLength == 0 ? VmGenIdModule.DirectBootAddress : low - GuestRam.PageSize);
        _acpi = new AcpiConfiguration
        {
            ApicIds = [.. Enumerable.Range(0, cpus).Select(index => (uint)index)],
            HighPciMemory = ram.RomLength == 0 ? null : FirmwareFiles.HighPciMemory(ram.Length - low),
            GenerationIdAddress = GenerationId.Value,
        };

        Firmware = new FwCfgContents();
        Firmware.SetUInt64(FwCfgKeys.RamSize, ram.Length);
        Firmware.SetUInt16(FwCfgKeys.ProcessorCount, (ushort)cpus);
        Firmware.SetUInt16(FwCfgKeys.MaximumProcessorCount, (ushort)cpus);
        if (ram.RomLength != 0)
            FirmwareFiles.AddDescriptions(Firmware, _acpi, SmbiosTables.Build(DescribeToSmbios(Version())), low, ram.Length - low);
    }

    public CmosMemorySize CmosMemory { get; }

    /// <summary>Where the generation identifier lies.</summary>
    public GuestAddress GenerationId { get; }

    public FwCfgContents Firmware { get; }

    /// <summary>Writes the tables to RAM, as firmware does at every power-on and reset.</summary>
    /// <returns>The guest-physical address of the ACPI root pointer.</returns>
    /// <exception cref="MachineException">There are more processors than the tables have room for.</exception>
    public ulong WriteTables(IGuestMemory memory)
    {
        AcpiTables acpi = AcpiTables.Build(_acpi);
        CpuidResult version = Version();
        FirmwareTable[] tables = [.. acpi.Tables, .. SmbiosTables.Build(DescribeToSmbios(version)), .. MultiprocessorTables.Build(_acpi, version.Eax, version.Edx)];
        foreach (FirmwareTable table in tables)
        {
            if (!memory.TryWrite(table.Address, table.Bytes.Span))
                throw new MachineException($"the table {table.Name} at {table.Address} lies outside the guest's memory");
        }

        return acpi.RootPointer.Value;
    }

    private CpuidResult Version() => CpuidBuilder.Build(_model, new CpuTopology(0, _cpus), _tscFrequency, SpeculationControls.OfTranslatedCode).Lookup(1, 0);

    private SmbiosConfiguration DescribeToSmbios(CpuidResult version) => new()
    {
        MemorySize = _ram.Length,
        LowMemoryEnd = GuestRam.LowEnd,
        Processors = _cpus,
        ProcessorSignature = version.Eax,
        ProcessorFeatures = version.Edx,
        ProcessorVersion = _model.Brand,
        ProcessorSpeed = (int)(_tscFrequency / 1_000_000),
    };
}
