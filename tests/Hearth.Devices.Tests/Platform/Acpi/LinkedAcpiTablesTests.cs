using System.Buffers.Binary;
using System.Text;
using Hearth.Devices.Platform.Acpi;

namespace Hearth.Devices.Tests.Platform.Acpi;

/// <summary>The files for firmware, linked as SeaBIOS links them (src/fw/romfile_loader.c).</summary>
public class LinkedAcpiTablesTests
{
    private const int CommandLength = 128;
    private const uint TablesAddress = 0x3_4560;
    private const uint RootAddress = 0xF_5AC0;

    private readonly LinkedAcpiTables _tables = LinkedAcpiTables.Build(new AcpiConfiguration { ApicIds = [0, 1, 2] });
    private readonly Dictionary<string, (byte[] Bytes, uint Address)> _files;

    public LinkedAcpiTablesTests()
    {
        _files = new()
        {
            [LinkedAcpiTables.TablesFile] = ([.. _tables.Tables], TablesAddress),
            [LinkedAcpiTables.RootPointerFile] = ([.. _tables.RootPointer], RootAddress),
        };
    }

    [Fact]
    public void Script_CarriedOut_LinksEveryTableWithItsChecksum()
    {
        int allocations = Link();

        byte[] root = _files[LinkedAcpiTables.RootPointerFile].Bytes;
        Assert.Equal(2, allocations);
        Assert.Equal((0, 0), (Sum(root.AsSpan(0, 20)), Sum(root)));
        ReadOnlySpan<byte> xsdt = Table(BinaryPrimitives.ReadUInt64LittleEndian(root.AsSpan(24)), "XSDT");
        ReadOnlySpan<byte> rsdt = Table(BinaryPrimitives.ReadUInt32LittleEndian(root.AsSpan(16)), "RSDT");
        string[] expected = ["FACP", "APIC", "HPET"];
        for (int i = 0; i < expected.Length; i++)
        {
            ulong wide = BinaryPrimitives.ReadUInt64LittleEndian(xsdt[(36 + (8 * i))..]);
            Assert.Equal(wide, BinaryPrimitives.ReadUInt32LittleEndian(rsdt[(36 + (4 * i))..]));
            Table(wide, expected[i]);
        }

        ReadOnlySpan<byte> fadt = Table(BinaryPrimitives.ReadUInt64LittleEndian(xsdt[36..]), "FACP");
        ulong dsdt = BinaryPrimitives.ReadUInt64LittleEndian(fadt[140..]);
        Assert.Equal(dsdt, BinaryPrimitives.ReadUInt32LittleEndian(fadt[40..]));
        Table(dsdt, "DSDT");
        uint facs = BinaryPrimitives.ReadUInt32LittleEndian(fadt[36..]);
        Assert.True("FACS"u8.SequenceEqual(_files[LinkedAcpiTables.TablesFile].Bytes.AsSpan((int)(facs - TablesAddress), 4)));
        Assert.Equal(0U, (facs - TablesAddress) % 64);
    }

    /// <returns>How many files were placed.</returns>
    private int Link()
    {
        int allocations = 0;
        byte[] script = _tables.Script;
        Assert.Equal(0, script.Length % CommandLength);
        for (int at = 0; at < script.Length; at += CommandLength)
        {
            ReadOnlySpan<byte> command = script.AsSpan(at, CommandLength);
            byte[] file = _files[Name(command[4..])].Bytes;
            switch (BinaryPrimitives.ReadUInt32LittleEndian(command))
            {
                case 1:
                    allocations++;
                    break;
                case 2:
                    Add(file, (int)BinaryPrimitives.ReadUInt32LittleEndian(command[116..]), command[120], _files[Name(command[60..])].Address);
                    break;
                default:
                    int offset = (int)BinaryPrimitives.ReadUInt32LittleEndian(command[60..]);
                    int start = (int)BinaryPrimitives.ReadUInt32LittleEndian(command[64..]);
                    int length = (int)BinaryPrimitives.ReadUInt32LittleEndian(command[68..]);
                    file[offset] -= Sum(file.AsSpan(start, length));
                    break;
            }
        }

        return allocations;
    }

    private ReadOnlySpan<byte> Table(ulong address, string signature)
    {
        ReadOnlySpan<byte> from = _files[LinkedAcpiTables.TablesFile].Bytes.AsSpan((int)(address - TablesAddress));
        ReadOnlySpan<byte> table = from[..(int)BinaryPrimitives.ReadUInt32LittleEndian(from[4..])];
        Assert.Equal(signature, Encoding.ASCII.GetString(table[..4]));
        Assert.Equal(0, Sum(table));
        return table;
    }

    private static void Add(byte[] file, int offset, int size, uint value)
    {
        if (size == sizeof(uint))
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(offset), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(offset)) + value);
        else
            BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(offset), BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(offset)) + value);
    }

    private static string Name(ReadOnlySpan<byte> field) => Encoding.ASCII.GetString(field[..field.IndexOf((byte)0)]);

    private static byte Sum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
            sum += value;
        return sum;
    }
}
