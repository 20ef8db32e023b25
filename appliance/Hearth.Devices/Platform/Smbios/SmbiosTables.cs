using Hearth.Machine;

namespace Hearth.Devices.Platform.Smbios;

/// <summary>
/// SMBIOS (DMTF DSP0134 3.0): the entry points of versions 2.8 and 3.0, which a guest finds in the BIOS area, and one table
/// for both.
/// </summary>
public static class SmbiosTables
{
    /// <summary>Where the entry points and the table lie.</summary>
    public const ulong Start = 0xF_0000;

    /// <summary>Where they end at the latest.</summary>
    public const ulong End = 0xF_8000;

    /// <summary>The names of the tables that firmware wants: the 32-bit entry point and the structures.</summary>
    public const string Anchor = "_SM_";
    /// <inheritdoc cref="Anchor"/>
    public const string Structures = "SMBIOS";

    private const uint EntryPoint21Offset = 0x20;
    private const uint TableOffset = 0x40;
    private const int EntryPoint30Size = 24;
    private const int EntryPoint21Size = 31;
    private const int IntermediateOffset = 16;

    /// <summary>Builds the entry points and the table.</summary>
    /// <exception cref="MachineException">The table does not fit into its place.</exception>
    public static IReadOnlyList<FirmwareTable> Build(SmbiosConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        List<byte[]> structures = [.. SmbiosStructures.Build(configuration)];
        byte[] table = [.. structures.SelectMany(structure => structure)];
        if (Start + TableOffset + (ulong)table.Length > End)
            throw new MachineException("The SMBIOS tables do not fit into the BIOS area.");
        ushort longest = (ushort)structures.Max(structure => structure.Length);
        return
        [
            new FirmwareTable("_SM3_", new GuestAddress(Start), EntryPoint30(table.Length)),
            new FirmwareTable(Anchor, new GuestAddress(Start + EntryPoint21Offset), EntryPoint21(table.Length, structures.Count, longest)),
            new FirmwareTable(Structures, new GuestAddress(Start + TableOffset), table),
        ];
    }

    /// <summary>The 64-bit entry point (section 5.2.2).</summary>
    private static byte[] EntryPoint30(int tableLength) => new TableWriter()
        .Text("_SM3_", 5).Byte(0).Byte(EntryPoint30Size).Byte(3).Byte(0).Byte(0).Byte(1).Byte(0)
        .Dword((uint)tableLength).Qword(Start + TableOffset)
        .ToArrayWithChecksum(5);

    /// <summary>The 32-bit entry point (section 5.2.1), with the DMI entry point inside it.</summary>
    private static byte[] EntryPoint21(int tableLength, int count, ushort longest)
    {
        byte[] entry = new TableWriter()
            .Text("_SM_", 4).Byte(0).Byte(EntryPoint21Size).Byte(2).Byte(8).Word(longest).Byte(0).Zeros(5)
            .Text("_DMI_", 5).Byte(0).Word(tableLength).Dword((uint)(Start + TableOffset)).Word(count).Byte(0x28)
            .ToArray();
        TableWriter.SetChecksum(entry.AsSpan(IntermediateOffset), 5);
        TableWriter.SetChecksum(entry, 4);
        return entry;
    }
}
