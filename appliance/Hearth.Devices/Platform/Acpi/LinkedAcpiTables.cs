using Hearth.Devices.Platform.FwCfg;
using Hearth.Machine;

namespace Hearth.Devices.Platform.Acpi;

/// <summary>
/// The ACPI tables for firmware: two files with addresses that count from the start of the tables' file, and a script by which the firmware places the
/// files, adds their addresses and corrects the checksums (SeaBIOS, src/fw/romfile_loader.h).
/// </summary>
public sealed class LinkedAcpiTables
{
    public const string TablesFile = "etc/acpi/tables";
    public const string RootPointerFile = "etc/acpi/rsdp";
    public const string ScriptFile = "etc/table-loader";

    private const ulong LengthMaximum = 1 << 20;
    private const int TableAlignment = 64;
    private const int RootPointerAlignment = 16;
    private const int HeaderChecksum = 9;

    // FADT: FIRMWARE_CTRL, DSDT, X_DSDT (ACPI 6.5, section 5.2.9).
    private const int ControlStructureField = 36;
    private const int DsdtField = 40;
    private const int ExtendedDsdtField = 140;

    // RSDP: RsdtAddress, XsdtAddress, both checksums (section 5.2.5.3).
    private const int RsdtField = 16;
    private const int XsdtField = 24;
    private const int RootChecksum = 8;
    private const int RootChecksumLength = 20;
    private const int ExtendedRootChecksum = 32;

    private readonly TableLoaderScript _script = new();

    private LinkedAcpiTables(AcpiTables built)
    {
        FirmwareTable root = built.Tables[^1];
        RootPointer = root.Bytes.ToArray();
        Tables = new byte[built.Tables.Max(table => table.End.Value)];
        _script.Allocate(RootPointerFile, RootPointerAlignment, TableLoaderScript.BiosZone);
        _script.Allocate(TablesFile, TableAlignment, TableLoaderScript.HighZone);
        foreach (FirmwareTable table in built.Tables.Where(table => table != root))
        {
            int start = (int)table.Address.Value;
            table.Bytes.CopyTo(Tables.AsMemory(start));
            Link(table.Name, start, table.Bytes.Length);
        }

        _script.AddPointer(RootPointerFile, TablesFile, RsdtField, sizeof(uint));
        _script.AddPointer(RootPointerFile, TablesFile, XsdtField, sizeof(ulong));
        _script.AddChecksum(RootPointerFile, RootChecksum, 0, RootChecksumLength);
        _script.AddChecksum(RootPointerFile, ExtendedRootChecksum, 0, RootPointer.Length);
    }

    /// <summary>The file of everything but the root pointer.</summary>
    public byte[] Tables { get; }

    public byte[] RootPointer { get; }

    public byte[] Script => _script.ToArray();

    /// <exception cref="MachineException">The configuration has no processor or too many of them, or too many serial ports.</exception>
    public static LinkedAcpiTables Build(AcpiConfiguration configuration) => new(AcpiTables.Build(configuration, 0, LengthMaximum));

    /// <summary>Adds the files.</summary>
    public void AddTo(FwCfgContents contents)
    {
        ArgumentNullException.ThrowIfNull(contents);
        contents.AddFile(TablesFile, Tables);
        contents.AddFile(RootPointerFile, RootPointer);
        contents.AddFile(ScriptFile, Script);
    }

    private void Link(string name, int start, int length)
    {
        switch (name)
        {
            case "FACP":
                _script.AddPointer(TablesFile, TablesFile, start + ControlStructureField, sizeof(uint));
                _script.AddPointer(TablesFile, TablesFile, start + DsdtField, sizeof(uint));
                _script.AddPointer(TablesFile, TablesFile, start + ExtendedDsdtField, sizeof(ulong));
                break;
            case "RSDT":
                LinkEntries(start, length, sizeof(uint));
                break;
            case "XSDT":
                LinkEntries(start, length, sizeof(ulong));
                break;
            default:
                return;
        }

        _script.AddChecksum(TablesFile, start + HeaderChecksum, start, length);
    }

    private void LinkEntries(int start, int length, int size)
    {
        for (int entry = DescriptionHeader.Size; entry < length; entry += size)
            _script.AddPointer(TablesFile, TablesFile, start + entry, size);
    }
}
