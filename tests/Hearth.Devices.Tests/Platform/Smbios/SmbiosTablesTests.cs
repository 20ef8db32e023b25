using System.Text;
using Hearth.Devices.Platform.Smbios;
using Hearth.Devices.Tests.Platform.Acpi;

namespace Hearth.Devices.Tests.Platform.Smbios;

public sealed class SmbiosTablesTests
{
    private const ulong Gibibyte = 1UL << 30;

    private readonly Guid _uuid = new("00112233-4455-6677-8899-aabbccddeeff");
    private readonly AcpiImage _image;

    public SmbiosTablesTests() => _image = new AcpiImage(SmbiosTables.Build(Configuration(4 * Gibibyte)));

    [Fact]
    public void EntryPoint_OfVersion3_IsFoundAndSumsToZero()
    {
        int entry = _image.Find("_SM3_", 0xF_0000, 16);

        Assert.Equal(0, _image.Sum(entry, 24));
        Assert.Equal(3, _image.Bytes[entry + 7]);
        Assert.Equal(0xF_0040UL, _image.Qword(entry + 16));
    }

    [Fact]
    public void EntryPoint_OfVersion2_IsFoundAndBothSumsAreZero()
    {
        int entry = _image.Find("_SM_", 0xF_0000, 16);

        Assert.Equal(0, _image.Sum(entry, 31));
        Assert.Equal("_DMI_", _image.Text(entry + 16, 5));
        Assert.Equal(0, _image.Sum(entry + 16, 15));
        Assert.Equal(0xF_0040u, _image.Dword(entry + 24));
    }

    [Fact]
    public void Structures_Walked_AreAllTypesInOrder()
    {
        Assert.Equal([0, 1, 3, 4, 16, 17, 19, 19, 32, 127], Structures(_image).Select(structure => (int)structure[0]));
    }

    [Fact]
    public void Structures_OfEntryPoint2_AreCountedAndMeasured()
    {
        int entry = _image.Find("_SM_", 0xF_0000, 16);
        byte[][] structures = [.. Structures(_image)];

        Assert.Equal(structures.Length, _image.Word(entry + 28));
        Assert.Equal(structures.Max(structure => structure.Length), _image.Word(entry + 8));
        Assert.Equal(structures.Sum(structure => structure.Length), _image.Word(entry + 22));
    }

    [Fact]
    public void Machine_HasManufacturerAndIdentity()
    {
        byte[] machine = Structures(_image).Single(structure => structure[0] == 1);

        Assert.Equal(_uuid, new Guid(machine.AsSpan(8, 16)));
        Assert.StartsWith("Hearth\0Hearth PC\0", Encoding.ASCII.GetString(machine, machine[1], machine.Length - machine[1]), StringComparison.Ordinal);
    }

    [Fact]
    public void Memory_AbovePciHole_IsASecondRangeFrom4GiB()
    {
        byte[][] ranges = [.. Structures(_image).Where(structure => structure[0] == 19)];

        Assert.Equal(0u, BitConverter.ToUInt32(ranges[0], 4));
        Assert.Equal(0x2F_FFFFu, BitConverter.ToUInt32(ranges[0], 8));
        Assert.Equal(0x40_0000u, BitConverter.ToUInt32(ranges[1], 4));
        Assert.Equal(0x4F_FFFFu, BitConverter.ToUInt32(ranges[1], 8));
    }

    [Theory]
    [InlineData(1UL << 30, 1024, 0u)]
    [InlineData(64UL << 30, 0x7FFF, 65536u)]
    public void MemoryDevice_OfAnySize_HasItInMebibytes(ulong size, ushort field, uint extended)
    {
        byte[] device = Structures(new AcpiImage(SmbiosTables.Build(Configuration(size)))).Single(structure => structure[0] == 17);

        Assert.Equal(field, BitConverter.ToUInt16(device, 0x0C));
        Assert.Equal(extended, BitConverter.ToUInt32(device, 0x1C));
    }

    private SmbiosConfiguration Configuration(ulong memory) => new() { MemorySize = memory, Processors = 2, Uuid = _uuid };

    /// <summary>Walks the structures as a guest does: by length, then to the double zero behind the strings.</summary>
    private static IEnumerable<byte[]> Structures(AcpiImage image)
    {
        int address = 0xF_0040;
        byte type;
        do
        {
            type = image.Bytes[address];
            int end = address + image.Bytes[address + 1];
            while (image.Word(end) != 0)
                end++;
            yield return image.Bytes[address..(end + 2)];
            address = end + 2;
        }
        while (type != 127);
    }
}
