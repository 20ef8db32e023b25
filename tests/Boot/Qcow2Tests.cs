using System.Globalization;
using System.Security.Cryptography;
using Hearth.Guests;

namespace Hearth.Boot.Tests;

/// <summary>A Debian guest on a qcow2 disk with a backing file.</summary>
public sealed class Qcow2Tests
{
    private const int SavedExitCode = 14;
    private const int Mebibyte = 1 << 20;
    private const int DiskLength = 64 * Mebibyte;

    /// <summary>Writes random data to eight places in turn, discards every third, and says the sum of each when it is on stable storage; a sum of what is read back must be the same.</summary>
    private const string WriteForever = """
        round=0
        echo "base=$(sha256sum /dev/vda | cut -c 1-64)"
        while [ $round -lt ROUNDS ]; do
            place=$((round % 8))
            head -c 1572864 /dev/urandom > /tmp/data
            sum=$(sha256sum /tmp/data | cut -c 1-64)
            dd if=/tmp/data of=/dev/vda bs=4096 seek=$((place * 1024 + 3)) conv=notrunc,fsync 2>/dev/null
            blkdiscard -o $((place * 4194304 + 2097152)) -l 1048576 /dev/vda
            echo 3 > /proc/sys/vm/drop_caches
            read=$(dd if=/dev/vda bs=4096 skip=$((place * 1024 + 3)) count=384 2>/dev/null | sha256sum | cut -c 1-64)
            test "$read" = "$sum" || echo "differs=$round"
            echo "synced $round $place $sum"
            round=$((round + 1))
        done
        """;

    [Fact]
    public void Disk_withBackingFile_keepsEveryByteThroughSaveAndRestore()
    {
        using TestGuest guest = Guest(24, out string disk, out byte[] before);
        string file = guest.Scratch["saved"];
        HearthOutcome saved;
        using (HearthProcess process = HearthProcess.Start([.. guest.Arguments, "--save", file]))
        {
            process.WaitForText("synced 9 ");
            process.Save();
            saved = process.WaitForExit();
        }

        CheckImage(disk);
        Assert.Equal(0, RunHearth("disk", "snapshot", "create", disk, "then").ExitCode);
        byte[] then = Content(guest, disk);
        HearthOutcome restored = HearthProcess.Run([.. guest.Arguments, "--restore", file]).AssertPoweredOff();

        Assert.Equal(SavedExitCode, saved.ExitCode);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(before)), saved.Value("base"));
        IReadOnlyList<string> lines = HearthOutcome.LinesOf(saved, restored);
        Assert.DoesNotContain(lines, line => line.StartsWith("differs=", StringComparison.Ordinal));
        Assert.Equal(24, lines.Count(line => line.StartsWith("synced ", StringComparison.Ordinal)));
        CheckImage(disk);
        AssertSynced(guest, disk, lines, before);
        Assert.Equal(before, File.ReadAllBytes(guest.Scratch["base.raw"]));

        // What the guest wrote and discarded after the snapshot was taken has not reached it.
        Assert.Equal(0, RunHearth("disk", "snapshot", "apply", disk, "then").ExitCode);
        Assert.Equal(then, Content(guest, disk));
        CheckImage(disk);
        Assert.Empty(BrokenHardware.FindIn(restored));
    }

    [Fact]
    public void Guest_killedWhileItWrites_losesNothingThatWasSynced()
    {
        using TestGuest guest = Guest(100_000, out string disk, out byte[] before);
        for (int run = 0; run < 3; run++)
        {
            HearthProcess process = guest.Start();
            process.WaitForText(string.Create(CultureInfo.InvariantCulture, $"synced {9 + run} "));

            // SIGKILL, to all of it.
            process.Dispose();
            string console = process.Console;
            HearthOutcome check = RunHearth("disk", "check", "--json", disk);

            Assert.Contains("\"errors\": 0", check.Console, StringComparison.Ordinal);
            AssertSynced(guest, disk, console.Split('\n')[..^1], before);
            before = Content(guest, disk);
        }

        HearthOutcome repaired = RunHearth("disk", "check", "--repair", disk);
        Assert.Equal(0, repaired.ExitCode);
        CheckImage(disk);
    }

    private static TestGuest Guest(int rounds, out string disk, out byte[] before)
    {
        string script = WriteForever.Replace("ROUNDS", rounds.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var guest = new TestGuest(GuestAssets.CloudKernel, script, "virtio_pci", "virtio_blk");
        before = RandomNumberGenerator.GetBytes(DiskLength);
        _ = guest.Scratch.Write("base.raw", before);
        disk = guest.Scratch["disk.qcow2"];
        Assert.Equal(0, RunHearth("disk", "create", disk, "--backing", "base.raw", "--backing-format", "raw").ExitCode);
        _ = guest.With("--disk", disk);
        return guest;
    }

    private static HearthOutcome RunHearth(params string[] arguments) => HearthProcess.Run(arguments);

    /// <summary>By this implementation and by QEMU's, where that is installed.</summary>
    private static void CheckImage(string disk)
    {
        HearthOutcome check = RunHearth("disk", "check", disk);
        Assert.True(check.ExitCode == 0, check.Console + check.Error);
        if (HostCommand.Find("qemu-img") is { } program)
            _ = HostCommand.Require(program, ["check", "-f", "qcow2", disk]);
    }

    private static byte[] Content(TestGuest guest, string disk)
    {
        string raw = guest.Scratch["content.raw"];
        File.Delete(raw);
        HearthOutcome converted = RunHearth("disk", "convert", "--format", "raw", disk, raw);
        Assert.True(converted.ExitCode == 0, converted.Error);
        return File.ReadAllBytes(raw);
    }

    /// <summary>Every place has what the guest last said was synced, or what a later round was about to write there; places nobody wrote have what they had.</summary>
    private static void AssertSynced(TestGuest guest, string disk, IReadOnlyList<string> lines, byte[] before)
    {
        const int Length = 384 * 4096;
        byte[] content = Content(guest, disk);
        string[][] synced = [.. lines.Where(line => line.StartsWith("synced ", StringComparison.Ordinal)).Select(line => line.TrimEnd().Split(' ')).Where(words => words.Length == 4 && words[3].Length == 64)];
        Assert.NotEmpty(synced);
        int last = int.Parse(synced[^1][1], CultureInfo.InvariantCulture);
        foreach (string[][] place in synced.GroupBy(words => words[2]).Select(group => group.ToArray()))
        {
            int at = (int.Parse(place[0][2], CultureInfo.InvariantCulture) * 4 * Mebibyte) + (3 * 4096);

            // The place that the round after the last synced one writes to may have anything.
            if (int.Parse(place[0][2], CultureInfo.InvariantCulture) != (last + 1) % 8)
                Assert.Equal(place[^1][3], Convert.ToHexStringLower(SHA256.HashData(content.AsSpan(at, Length))));
        }

        Assert.Equal(before.AsSpan(32 * Mebibyte), content.AsSpan(32 * Mebibyte));
    }
}
