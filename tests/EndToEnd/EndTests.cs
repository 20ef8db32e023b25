using System.Diagnostics;
using System.Text;
using Hearth.Guests;
using Hearth.Proving;

namespace Hearth.EndToEnd.Tests;

/// <summary>How a proving ground that boots a disk image starts, and how proving grounds end. Each test has its own, without Linux.</summary>
public sealed class EndTests : IDisposable
{
    private const string Greeting = "the boot sector runs";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("hearth-end-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void DiskImage_isBooted()
    {
        using ProvingGround ground = StartImage();

        ground.SerialLog.WaitFor(Greeting, GroundFixture.Patience);
    }

    [Fact]
    public void Qemu_killed_endsEveryWaitAtOnce()
    {
        using ProvingGround ground = StartImage();
        ground.SerialLog.WaitFor(Greeting, GroundFixture.Patience);
        long start = Stopwatch.GetTimestamp();

        using Process qemu = Process.GetProcessById(ground.ProcessId);
        qemu.Kill();
        var error = Assert.Throws<ProvingGroundException>(() => ground.Qmp.WaitForEvent("NEVER", GroundFixture.Patience));

        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.StartsWith("QEMU has ended with exit code 137", error.Message, StringComparison.Ordinal);
        Assert.Contains(Greeting, error.Message, StringComparison.Ordinal);
        Assert.Contains(ground.SerialLog.FilePath, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Qemu_thatDoesNotStart_isQuoted()
    {
        var error = Assert.Throws<ProvingGroundException>(() => StartImage("-device", "no-such-device"));

        Assert.Contains("'no-such-device' is not a valid device model name", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dispose_ofAGround_leavesNoProcessAndNoFiles()
    {
        ProvingGround ground = StartImage();

        ground.Dispose();

        Assert.False(Directory.Exists($"/proc/{ground.ProcessId}"));
        Assert.False(Directory.Exists(ground.SharedDirectory));
        Assert.True(File.Exists(ground.SerialLog.FilePath));
    }

    private ProvingGround StartImage(params string[] arguments)
    {
        string image = Path.Combine(_directory.FullName, "disk.img");
        File.WriteAllBytes(image, BootSector());
        try
        {
            return ProvingGround.Start(new ProvingGroundOptions { DiskImage = image, Memory = 256, Processors = 1, QemuArguments = arguments });
        }
        catch (GuestsException error)
        {
            Assert.Skip($"no proving ground: {error.Message}");
            throw;
        }
    }

    /// <summary>Writes the greeting to the first serial port and halts.</summary>
    private static byte[] BootSector()
    {
        byte[] code =
        [
            0xFC,                         // cld
            0x31, 0xC0, 0x8E, 0xD8,       // ds = 0
            0xBE, 0x16, 0x7C,             // si = the text
            0xBA, 0xF8, 0x03,             // dx = the port
            0xAC, 0x84, 0xC0, 0x74, 0x03, // lodsb; test al, al; jz to the halt
            0xEE, 0xEB, 0xF8,             // out dx, al; jmp to lodsb
            0xF4, 0xEB, 0xFD,             // hlt; jmp to it
            .. Encoding.ASCII.GetBytes(Greeting),
        ];
        byte[] disk = new byte[1 << 20];
        code.CopyTo(disk, 0);
        (disk[510], disk[511]) = (0x55, 0xAA);
        return disk;
    }
}
