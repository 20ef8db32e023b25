using Hearth.Devices.Platform.Acpi;
using Hearth.Machine;

namespace Hearth.Devices.Tests.Platform.Acpi;

public sealed class AcpiTablesTests
{
    private const int HeaderSize = 36;

    private readonly AcpiTables _tables = AcpiTables.Build(Configuration(4));
    private readonly AcpiImage _image;

    public AcpiTablesTests() => _image = new AcpiImage(_tables.Tables);

    [Fact]
    public void RootPointer_IsFoundBySearchingTheBiosArea()
    {
        int found = _image.Find("RSD PTR ", 0xE_0000, 16);

        Assert.Equal(_tables.RootPointer.Value, (ulong)found);
        Assert.Equal(0, _image.Sum(found, 20));
        Assert.Equal(0, _image.Sum(found, 36));
        Assert.Equal(2, _image.Bytes[found + 15]);
    }

    [Fact]
    public void RootTables_BothWidths_PointToTheSameTables()
    {
        int root = (int)_tables.RootPointer.Value;
        int rsdt = (int)_image.Dword(root + 16);
        int xsdt = (int)_image.Qword(root + 24);

        uint[] narrow = [.. Enumerable.Range(0, 3).Select(i => _image.Dword(rsdt + HeaderSize + (4 * i)))];
        ulong[] wide = [.. Enumerable.Range(0, 3).Select(i => _image.Qword(xsdt + HeaderSize + (8 * i)))];

        Assert.Equal(narrow.Select(address => (ulong)address), wide);
        Assert.Equal(["FACP", "APIC", "HPET"], narrow.Select(address => _image.Text((int)address, 4)));
    }

    [Fact]
    public void Tables_WithTheCommonHeader_HaveTheirLengthAndChecksum()
    {
        var described = _tables.Tables.Where(table => table.Name is not ("FACS" or "RSD PTR")).ToArray();

        Assert.Equal(6, described.Length);
        Assert.All(described, table =>
        {
            int address = (int)table.Address.Value;
            Assert.Equal(table.Name, _image.Text(address, 4));
            Assert.Equal((uint)table.Bytes.Length, _image.Dword(address + 4));
            Assert.Equal(0, _image.Sum(address, table.Bytes.Length));
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(AcpiTables.MaximumProcessors)]
    public void Tables_OfAnyMachine_LieInTheirAreaAndDoNotOverlap(int processors)
    {
        var tables = AcpiTables.Build(Configuration(processors)).Tables.OrderBy(table => table.Address.Value).ToArray();

        Assert.True(tables[0].Address.Value >= AcpiTables.Start);
        Assert.True(tables[^1].End.Value <= AcpiTables.End);
        Assert.All(tables.Zip(tables.Skip(1)), pair => Assert.True(pair.First.End.Value <= pair.Second.Address.Value));
    }

    [Fact]
    public void FixedDescription_NamesThePowerManagementPorts()
    {
        int fadt = Address("FACP");

        Assert.Equal(276u, _image.Dword(fadt + 4));
        Assert.Equal(9, _image.Word(fadt + 46));
        Assert.Equal(0xB2u, _image.Dword(fadt + 48));
        Assert.Equal(0x600u, _image.Dword(fadt + 56));
        Assert.Equal(0x604u, _image.Dword(fadt + 64));
        Assert.Equal(0x608u, _image.Dword(fadt + 76));
        Assert.Equal(0x60Cu, _image.Dword(fadt + 80));
        Assert.Equal(0x32, _image.Bytes[fadt + 108]);
        Assert.Equal(0xCF9UL, _image.Qword(fadt + 120));
        Assert.Equal(0x06, _image.Bytes[fadt + 128]);
    }

    [Theory]
    [InlineData(false, 7)]
    [InlineData(true, 3)]
    public void FixedDescription_BootFlags_TellWhetherThereIsVga(bool vga, ushort flags)
    {
        var tables = AcpiTables.Build(Configuration(1) with { HasVga = vga });
        var image = new AcpiImage(tables.Tables);

        Assert.Equal(flags, image.Word((int)tables.Tables.Single(table => table.Name == "FACP").Address.Value + 109));
    }

    [Fact]
    public void FixedDescription_FacsIsAlignedTo64Bytes()
    {
        uint facs = _image.Dword(Address("FACP") + 36);

        Assert.Equal(0u, facs % 64);
        Assert.Equal("FACS", _image.Text((int)facs, 4));
        Assert.Equal(64u, _image.Dword((int)facs + 4));
    }

    [Fact]
    public void ApicDescription_HasProcessorsIoApicAndOverrides()
    {
        byte[] entries = Bytes("APIC")[44..];

        Assert.Equal(
            [
                0, 8, 0, 0, 1, 0, 0, 0,
                0, 8, 1, 1, 1, 0, 0, 0,
                0, 8, 2, 2, 1, 0, 0, 0,
                0, 8, 3, 3, 1, 0, 0, 0,
                1, 12, 0, 0, 0, 0, 0xC0, 0xFE, 0, 0, 0, 0,
                2, 10, 0, 0, 2, 0, 0, 0, 5, 0,
                2, 10, 0, 9, 9, 0, 0, 0, 13, 0,
                4, 6, 0xFF, 0, 0, 1,
            ],
            entries);
    }

    [Fact]
    public void ApicDescription_OfLargeIdentifiers_UsesX2ApicEntries()
    {
        var tables = AcpiTables.Build(new AcpiConfiguration { ApicIds = [0, 0x100] });

        byte[] entries = tables.Tables.Single(table => table.Name == "APIC").Bytes[44..].ToArray();

        Assert.Equal([0, 8, 0, 0, 1, 0, 0, 0, 9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0], entries[..24]);
        Assert.Equal([10, 12, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0], entries[^12..]);
    }

    [Fact]
    public void TimerDescription_WithoutHpet_IsLeftOut()
    {
        var tables = AcpiTables.Build(Configuration(1) with { HpetCapabilities = null });

        Assert.DoesNotContain(tables.Tables, table => table.Name == "HPET");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(AcpiTables.MaximumProcessors + 1)]
    public void Build_OfImpossibleMachine_Throws(int processors)
    {
        Assert.Throws<MachineException>(() => AcpiTables.Build(Configuration(processors)));
    }

    private static AcpiConfiguration Configuration(int processors) =>
        new() { ApicIds = [.. Enumerable.Range(0, processors).Select(id => (uint)id)] };

    private int Address(string name) => (int)_tables.Tables.Single(table => table.Name == name).Address.Value;

    private byte[] Bytes(string name) => _tables.Tables.Single(table => table.Name == name).Bytes.ToArray();
}
