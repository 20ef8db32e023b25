using Hearth.Machine;

namespace Hearth.Devices.Platform.Acpi;

/// <summary>RSDP, RSDT and XSDT: where the other tables are found (ACPI 6.5, sections 5.2.5, 5.2.7, 5.2.8).</summary>
internal static class RootDescription
{
    private const int Revision1Size = 20;
    private const int Revision2Size = 36;
    private const int ChecksumOffset = 8;
    private const int ExtendedChecksumOffset = 32;

    public static byte[] BuildRsdt(IEnumerable<GuestAddress> tables)
    {
        TableWriter table = DescriptionHeader.Begin("RSDT", 1);
        foreach (GuestAddress address in tables)
            table.Dword((uint)address.Value);
        return DescriptionHeader.Finish(table);
    }

    public static byte[] BuildXsdt(IEnumerable<GuestAddress> tables)
    {
        TableWriter table = DescriptionHeader.Begin("XSDT", 1);
        foreach (GuestAddress address in tables)
            table.Qword(address.Value);
        return DescriptionHeader.Finish(table);
    }

    /// <summary>The first checksum covers what revision 1 knew, the second everything.</summary>
    public static byte[] BuildRootPointer(GuestAddress rsdt, GuestAddress xsdt)
    {
        byte[] pointer = new TableWriter()
            .Text("RSD PTR ", 8).Byte(0).Text("HEARTH", 6).Byte(2)
            .Dword((uint)rsdt.Value).Dword(Revision2Size).Qword(xsdt.Value).Byte(0).Zeros(3)
            .ToArray();
        TableWriter.SetChecksum(pointer.AsSpan(0, Revision1Size), ChecksumOffset);
        TableWriter.SetChecksum(pointer, ExtendedChecksumOffset);
        return pointer;
    }
}
