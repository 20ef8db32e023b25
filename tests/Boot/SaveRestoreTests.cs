using System.Globalization;
using System.Security.Cryptography;
using Hearth.Guests.Initramfs;

namespace Hearth.Boot.Tests;

public sealed class SaveRestoreTests
{
    private const int SavedExitCode = 14;

    [Theory]
    [InlineData(GuestAssets.CloudKernel, 1, "Linux version")]
    [InlineData(GuestAssets.CloudKernel, 2, "Switched to clocksource")]
    [InlineData(GuestAssets.Kernel686, 1, "Switched to clocksource")]
    public void Boot_savedInTheMiddle_goesOnInAFreshProcess(string kernel, int cpus, string moment)
    {
        using TestGuest guest = new TestGuest(kernel, "echo \"processors=$(nproc)\"").WithCpus(cpus);
        string file = guest.Scratch["saved"];

        HearthOutcome saved = SaveAt(guest, moment, file);
        HearthOutcome restored = HearthProcess.Run([.. guest.Arguments, "--restore", file]).AssertPoweredOff();

        Assert.Equal(SavedExitCode, saved.ExitCode);
        Assert.DoesNotContain(InitramfsBuilder.InitMarker, saved.Lines);
        Assert.DoesNotContain("Linux version", restored.Console, StringComparison.Ordinal);
        Assert.Contains(InitramfsBuilder.InitMarker, restored.Lines);
        Assert.Equal($"{cpus}", restored.Value("processors"));
        Assert.Empty(BrokenHardware.FindIn(saved));
        Assert.Empty(BrokenHardware.FindIn(restored));
    }

    [Fact]
    public void Guest_savedWhileItReadsItsDisk_readsEveryByteOfIt()
    {
        const string Script = """
            echo reading
            for round in 1 2 3; do
                echo 3 > /proc/sys/vm/drop_caches
                echo "sum=$(sha256sum /dev/vda | cut -c 1-64)"
            done
            """;
        byte[] content = RandomNumberGenerator.GetBytes(32 << 20);
        using var guest = new TestGuest(GuestAssets.CloudKernel, Script, "virtio_pci", "virtio_blk");
        guest.With("--disk", guest.Scratch.Write("disk.img", content));
        string file = guest.Scratch["saved"];

        HearthOutcome saved = SaveAt(guest, "reading", file);
        HearthOutcome restored = HearthProcess.Run([.. guest.Arguments, "--restore", file]).AssertPoweredOff();

        string[] sums = [.. saved.Lines.Concat(restored.Lines).Where(line => line.StartsWith("sum=", StringComparison.Ordinal))];
        Assert.Equal(SavedExitCode, saved.ExitCode);
        Assert.Equal(Enumerable.Repeat("sum=" + Convert.ToHexStringLower(SHA256.HashData(content)), 3), sums);
    }

    [Fact]
    public void SavedGuest_thatIsDamaged_givesOneSentence()
    {
        using var guest = new TestGuest(GuestAssets.CloudKernel, "");
        string file = guest.Scratch["saved"];
        SaveAt(guest, "Linux version", file);
        byte[] bytes = File.ReadAllBytes(file);
        File.WriteAllBytes(file, bytes[..(bytes.Length / 2)]);

        HearthOutcome outcome = HearthProcess.Run([.. guest.Arguments, "--restore", file]);

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static HearthOutcome SaveAt(TestGuest guest, string moment, string file)
    {
        using HearthProcess process = HearthProcess.Start([.. guest.Arguments, "--save", file]);
        process.WaitForText(moment);
        Guests.HostCommand.Require("sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -USR1 {process.Id}")]);
        return process.WaitForExit();
    }
}
