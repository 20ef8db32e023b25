using Hearth.Devices.Platform.Acpi;
using Hearth.Guests;
using Hearth.Guests.Debian;
using Hearth.Machine;

namespace Hearth.Devices.Tests.Platform.Acpi;

/// <summary>The DSDT, encoded as ACPI 6.5, chapter 20 says; and as Intel's compiler reads it.</summary>
public sealed class DsdtTests
{
    private readonly byte[] _bytes = Build(new AcpiConfiguration { ApicIds = [0, 1] });

    [Fact]
    public void SoftOff_IsAPackageOfSleepTypeZero()
    {
        Assert.True(Contains([0x08, .. "_S5_"u8, 0x12, 0x06, 0x04, 0, 0, 0, 0]));
    }

    [Fact]
    public void Processors_AreDevicesWithTheirNumber()
    {
        Assert.True(Contains([.. "C001"u8, 0x08, .. "_HID"u8, 0x0D, .. "ACPI0007"u8, 0, 0x08, .. "_UID"u8, 1]));
    }

    [Fact]
    public void HostBridge_HasItsCompressedIdentifier()
    {
        Assert.True(Contains([.. "PCI0"u8, 0x08, .. "_HID"u8, 0x0C, 0x41, 0xD0, 0x0A, 0x03]));
    }

    [Theory]
    [InlineData(0, 0, 16)]
    [InlineData(3, 0, 19)]
    [InlineData(3, 1, 16)]
    [InlineData(31, 3, 18)]
    public void Routing_OfSlotAndPin_IsTheirSum(int slot, byte pin, byte gsi)
    {
        byte[] address = slot == 0 ? [0x0B, 0xFF, 0xFF] : [0x0C, 0xFF, 0xFF, (byte)slot, 0];
        byte[] number = pin switch { 0 => [0], 1 => [1], _ => [0x0A, pin] };
        byte[] body = [4, .. address, .. number, 0, 0x0A, gsi];

        Assert.True(Contains([0x12, (byte)(body.Length + 1), .. body]));
    }

    [Fact]
    public void SerialPort_HasItsPortsAndInterrupt()
    {
        Assert.True(Contains([0x47, 1, 0xF8, 2, 0xF8, 2, 1, 8, 0x22, 0x08, 0, 0x79, 0]));
    }

    [Fact]
    public void SerialPorts_ThatAreNotThere_AreLeftOut()
    {
        byte[] bytes = Build(new AcpiConfiguration { ApicIds = [0], SerialPorts = 1 });

        Assert.True(bytes.AsSpan().IndexOf("COM1"u8) > 0);
        Assert.Equal(-1, bytes.AsSpan().IndexOf("COM2"u8));
    }

    [Fact]
    public void Pvpanic_HasItsPort()
    {
        Assert.True(Contains([.. "PEVT"u8, 0x08, .. "_HID"u8, 0x0D, .. "QEMU0001"u8, 0]));
        Assert.True(Contains([0x47, 1, 0x05, 0x05, 0x05, 0x05, 1, 1, 0x79, 0]));
    }

    [Fact]
    public void GenerationId_WhenThereIsOne_HasItsAddressAndEvent()
    {
        byte[] bytes = Build(new AcpiConfiguration { ApicIds = [0], GenerationIdAddress = 0x1_000E_F000 });

        Assert.True(Contains(bytes, [.. "_CID"u8, 0x0D, .. "VM_Gen_Counter"u8, 0]));
        Assert.True(Contains(bytes, [0xA4, 0x12, 0x08, 2, 0x0C, 0x00, 0xF0, 0x0E, 0x00, 1]));
        Assert.True(Contains(bytes, [.. "_E05"u8, 0, 0x86, (byte)'\\', 0x2E, .. "_SB_VGEN"u8, 0x0A, 0x80]));
        Assert.False(Contains("VGEN"u8));
    }

    [Fact]
    public void HighWindow_WhenThereIsOne_IsA64BitRange()
    {
        byte[] bytes = Build(new AcpiConfiguration { ApicIds = [0], HighPciMemory = new AddressRange(0x80_0000_0000, 0x10_0000_0000) });

        byte[] descriptor = [0x8A, 43, 0, 0, 0x0C, 3, .. new byte[8], .. BitConverter.GetBytes(0x80_0000_0000L), .. BitConverter.GetBytes(0x8F_FFFF_FFFFL)];
        Assert.True(bytes.AsSpan().IndexOf(descriptor) > 0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(255)]
    public void Tables_ReadByIntelsCompiler_GiveNoErrorOrWarning(int processors)
    {
        string folder = Directory.CreateTempSubdirectory("hearth-acpi").FullName;
        var configuration = new AcpiConfiguration { ApicIds = [.. Enumerable.Range(0, processors).Select(id => (uint)id)], GenerationIdAddress = 0xE_F000 };
        string[] files = [.. AcpiTables.Build(configuration).Tables.Where(table => table.Name != "RSD PTR").Select(table =>
        {
            string path = Path.Combine(folder, $"{table.Name}.dat");
            File.WriteAllBytes(path, table.Bytes.ToArray());
            return path;
        })];

        string disassembly = Run(folder, ["-d", .. files]);
        string compilation = Run(folder, [Path.Combine(folder, "DSDT.dsl")]);
        Directory.Delete(folder, true);

        Assert.DoesNotContain("Error", disassembly, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Warning", disassembly, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("0 Errors, 0 Warnings, 0 Remarks, 0 Optimizations", compilation, StringComparison.Ordinal);
    }

    /// <summary>Debian's iasl, fetched into the cache when it is not there.</summary>
    private static string Run(string folder, string[] arguments)
    {
        string program = PackageCache.Default().Fetch("acpica-tools").File("usr/bin/iasl");
        CommandResult result = HostCommand.Run(program, arguments, folder);
        return result.Output + result.Error;
    }

    private static byte[] Build(AcpiConfiguration configuration) =>
        AcpiTables.Build(configuration).Tables.Single(table => table.Name == "DSDT").Bytes.ToArray();

    private bool Contains(ReadOnlySpan<byte> bytes) => Contains(_bytes, bytes);

    private static bool Contains(byte[] table, ReadOnlySpan<byte> bytes) => table.AsSpan().IndexOf(bytes) >= 0;
}
