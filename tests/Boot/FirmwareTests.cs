namespace Hearth.Boot.Tests;

/// <summary>SeaBIOS starts guests from disks and CDs.</summary>
public sealed class FirmwareTests
{
    private const int SavedExitCode = 14;

    [Theory]
    [InlineData("ide")]
    [InlineData("virtio")]
    public void Disk_started_runsItsBootSector(string bus)
    {
        using FirmwareGuest guest = new FirmwareGuest().WithDisk(bus, BootSector.ThatSays("disk"));

        HearthOutcome outcome = guest.Run();

        Assert.True(outcome.ExitCode == BootSector.ExitCode, outcome.Console + outcome.Error);
        Assert.Equal("00000080", outcome.Value("disk"));
        Assert.Contains("SeaBIOS (version", outcome.Console, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ide")]
    [InlineData("virtio")]
    public void Disk_readByTheBios_givesItsSectors(string bus)
    {
        using FirmwareGuest guest = new FirmwareGuest().WithDisk(bus, BootSector.ThatReads(), [.. "sector 2"u8]);

        HearthOutcome outcome = guest.Run();

        Assert.True(outcome.ExitCode == BootSector.ExitCode, outcome.Console + outcome.Error);
        Assert.Contains("sector 2", outcome.Lines);
    }

    [Fact]
    public void Cd_started_runsItsImage()
    {
        using FirmwareGuest guest = new FirmwareGuest().WithCd(BootSector.ThatSays("cd"));

        HearthOutcome outcome = guest.Run();

        Assert.True(outcome.ExitCode == BootSector.ExitCode, outcome.Console + outcome.Error);
        Assert.StartsWith("000000e", outcome.Value("cd"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("disk", "ide=00000080")]
    [InlineData("cd,disk", "cd=000000e0")]
    [InlineData("cd", "cd=000000e0")]
    public void Order_given_decidesWhatIsStarted(string order, string expected)
    {
        using FirmwareGuest guest = new FirmwareGuest().WithDisk("ide", BootSector.ThatSays("ide")).WithCd(BootSector.ThatSays("cd")).With("--boot", order);

        HearthOutcome outcome = guest.Run();

        Assert.True(outcome.ExitCode == BootSector.ExitCode, outcome.Console + outcome.Error);
        Assert.Contains(expected, outcome.Lines);
    }

    [Fact]
    public void Disk_thatCannotBeStarted_isFollowedByTheCd()
    {
        using FirmwareGuest guest = new FirmwareGuest().WithDisk("virtio", new byte[512]).WithCd(BootSector.ThatSays("cd"));

        HearthOutcome outcome = guest.Run();

        Assert.True(outcome.ExitCode == BootSector.ExitCode, outcome.Console + outcome.Error);
        Assert.Contains("not a bootable disk", outcome.Console, StringComparison.Ordinal);
        Assert.Contains("cd=000000e0", outcome.Lines);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Guest_thatResetsItself_comesBackThroughTheFirmware(int cpus)
    {
        using FirmwareGuest guest = new FirmwareGuest().WithDisk("ide", BootSector.ThatReboots()).With("--cpus", $"{cpus}");

        HearthOutcome outcome = guest.Run();

        Assert.True(outcome.ExitCode == BootSector.ExitCode, outcome.Console + outcome.Error);
        Assert.Equal(["start=1", "start=2", "start=3", "start=4"], outcome.Lines.Where(line => line.StartsWith("start=", StringComparison.Ordinal)));
    }

    [Fact]
    public void Log_named_getsWhatTheFirmwareDoes()
    {
        using FirmwareGuest guest = new FirmwareGuest().WithDisk("virtio", BootSector.ThatSays("disk"));
        string log = guest.Scratch["firmware.log"];

        guest.With("--firmware-log", log).Run();

        string text = File.ReadAllText(log);
        Assert.Contains("Running on QEMU (i440fx)", text, StringComparison.Ordinal);
        Assert.Contains("Booting from 0000:7c00", text, StringComparison.Ordinal);
        Assert.DoesNotContain("internal error", text, StringComparison.Ordinal);
    }

    /// <summary>The menu waits for ten seconds; the guest is saved before it asks and answered after.</summary>
    [Fact]
    public void Firmware_savedInTheMiddle_goesOnInAFreshProcess()
    {
        using FirmwareGuest guest = new FirmwareGuest().WithDisk("ide", BootSector.ThatSays("disk")).With("--boot", "menu,disk");
        string file = guest.Scratch["saved"];

        HearthOutcome saved = SaveAt([.. guest.Arguments, "--save", file], "Press ESC for boot menu", file);
        HearthOutcome restored = HearthProcess.Run([.. guest.Arguments, "--restore", file]);

        Assert.Equal(SavedExitCode, saved.ExitCode);
        Assert.True(restored.ExitCode == BootSector.ExitCode, restored.Console + restored.Error);
        Assert.Contains("disk=00000080", restored.Lines);
    }

    [Fact]
    public void Guest_savedAfterTheFirmware_canReboot()
    {
        using FirmwareGuest guest = new FirmwareGuest().WithDisk("virtio", BootSector.ThatWaits());
        string file = guest.Scratch["saved"];
        SaveAt([.. guest.Arguments, "--save", file], "waiting", file);

        using HearthProcess process = HearthProcess.Start([.. guest.Arguments, "--restore", file]);
        process.Type("x");
        HearthOutcome restored = process.WaitForExit();

        Assert.True(restored.ExitCode == BootSector.ExitCode, restored.Console + restored.Error);
        Assert.Contains("got", restored.Lines);
    }

    private static HearthOutcome SaveAt(string[] arguments, string text, string file)
    {
        using HearthProcess process = HearthProcess.Start(arguments);
        process.WaitForText(text);
        process.Save();
        HearthOutcome outcome = process.WaitForExit();
        Assert.True(File.Exists(file), outcome.Console + outcome.Error);
        return outcome;
    }
}
