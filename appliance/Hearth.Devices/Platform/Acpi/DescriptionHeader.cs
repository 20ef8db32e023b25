namespace Hearth.Devices.Platform.Acpi;

/// <summary>The header that most ACPI tables begin with (ACPI 6.5, section 5.2.6).</summary>
internal static class DescriptionHeader
{
    public const int Size = 36;

    private const int LengthOffset = 4;
    private const int ChecksumOffset = 9;
    private const string Oem = "HEARTH";
    private const string OemTable = "HEARTHPC";

    /// <summary>Begins a table; the body is written behind the header.</summary>
    public static TableWriter Begin(string signature, int revision) => new TableWriter()
        .Text(signature, 4).Dword(0).Byte(revision).Byte(0)
        .Text(Oem, 6).Text(OemTable, 8).Dword(1).Text("HRTH", 4).Dword(1);

    /// <summary>Sets length and checksum.</summary>
    public static byte[] Finish(TableWriter table)
    {
        byte[] bytes = table.ToArray();
        BitConverter.TryWriteBytes(bytes.AsSpan(LengthOffset), bytes.Length);
        TableWriter.SetChecksum(bytes, ChecksumOffset);
        return bytes;
    }
}
