using Hearth.Devices.Platform.Acpi;
using Hearth.Devices.Platform.Smbios;
using Hearth.Devices.Tests.Platform.Acpi;

namespace Hearth.Devices.Tests.Platform.Smbios;

public sealed class MultiprocessorTablesTests
{
    private readonly AcpiImage _image = new(MultiprocessorTables.Build(Configuration(2), 0x306A9, 0x0FAB_FBFF));

    [Fact]
    public void FloatingPointer_IsFoundAndSumsToZero()
    {
        int pointer = _image.Find("_MP_", 0xF_0000, 16);

        Assert.Equal(0, _image.Sum(pointer, 16));
        Assert.Equal(4, _image.Bytes[pointer + 9]);
    }

    [Fact]
    public void Table_HasItsLengthChecksumAndEntries()
    {
        int table = Table(_image);

        Assert.Equal("PCMP", _image.Text(table, 4));
        Assert.Equal(0, _image.Sum(table, _image.Word(table + 4)));
        Assert.Equal(0xFEE0_0000u, _image.Dword(table + 36));
        Assert.Equal(2 + 2 + 1 + 15 + 128 + 2, _image.Word(table + 34));
    }

    [Fact]
    public void Processors_AreEnabledAndTheFirstIsTheBootstrapProcessor()
    {
        int entries = Table(_image) + 44;

        Assert.Equal([0, 0, 0x14, 3, 0xA9, 0x06, 3, 0], _image.Bytes[entries..(entries + 8)]);
        Assert.Equal([0, 1, 0x14, 1], _image.Bytes[(entries + 20)..(entries + 24)]);
    }

    [Theory]
    [InlineData(new byte[] { 3, 0, 0, 0, 1, 0, 0, 2 })]
    [InlineData(new byte[] { 3, 0, 13, 0, 1, 9, 0, 9 })]
    [InlineData(new byte[] { 3, 0, 0, 0, 0, 0x0D, 0, 16 })]
    [InlineData(new byte[] { 4, 3, 0, 0, 1, 0, 0, 0 })]
    [InlineData(new byte[] { 4, 1, 0, 0, 1, 0, 0xFF, 1 })]
    public void Interrupts_AreRoutedAsByAcpi(byte[] entry)
    {
        Assert.True(_image.Bytes.AsSpan(Table(_image)).IndexOf(entry) >= 0);
    }

    [Fact]
    public void Tables_OfTheLargestMachine_Fit()
    {
        var tables = MultiprocessorTables.Build(Configuration(255), 0, 0);

        Assert.All(tables, table => Assert.True(table.End.Value <= 0xF_FFF0));
    }

    private static int Table(AcpiImage image) => (int)image.Dword(image.Find("_MP_", 0xF_0000, 16) + 4);

    private static AcpiConfiguration Configuration(int processors) =>
        new() { ApicIds = [.. Enumerable.Range(0, processors).Select(id => (uint)id)] };
}
