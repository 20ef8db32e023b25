using System.Globalization;
using System.Security.Cryptography;
using Hearth.Guests.Initramfs;

namespace Hearth.Boot.Tests;

public sealed class SaveRestoreTests
{
    private const int SavedExitCode = 14;

    /// <summary>The kernel's own first steps: it unpacks itself for a second or more, and has not written a word.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Kernel_savedWhileItUnpacksItself_bootsInAFreshProcess(int cpus)
    {
        using TestGuest guest = new TestGuest(GuestAssets.Kernel, ChecksumChain.Script()).WithCpus(cpus);
        string file = guest.Scratch["saved"];

        HearthOutcome saved = SaveWhen(process => process.WaitForVcpuTime(TimeSpan.FromSeconds(0.2)), guest, file);
        HearthOutcome restored = Restore(guest, file);

        Assert.Equal((SavedExitCode, ""), (saved.ExitCode, saved.Console.Trim()));
        Assert.Contains("Linux version", restored.Console, StringComparison.Ordinal);
        AssertWorked(restored, cpus);
    }

    [Theory]
    [InlineData(GuestAssets.CloudKernel, 1, "Linux version")]
    [InlineData(GuestAssets.CloudKernel, 1, "Switched to clocksource")]
    [InlineData(GuestAssets.CloudKernel, 2, "Bringing up secondary CPUs")]
    [InlineData(GuestAssets.CloudKernel, 2, "Switched to clocksource")]
    [InlineData(GuestAssets.Kernel686, 1, "Switched to clocksource")]
    public void Boot_savedInTheMiddle_goesOnInAFreshProcess(string kernel, int cpus, string moment)
    {
        // The kernel goes on while its memory is written, for half a second: with more to say, and a wait after each word, it takes ten times that from there to its init.
        using TestGuest guest = new TestGuest(kernel, ChecksumChain.Script()).WithCpus(cpus).WithParameters("initcall_debug loglevel=8 boot_delay=1");
        string file = guest.Scratch["saved"];

        HearthOutcome saved = SaveAt(guest, moment, file);
        HearthOutcome restored = Restore(guest, file);

        Assert.Equal(SavedExitCode, saved.ExitCode);
        Assert.DoesNotContain(InitramfsBuilder.InitMarker, saved.Lines);
        Assert.DoesNotContain("Linux version", restored.Console, StringComparison.Ordinal);
        Assert.Contains(InitramfsBuilder.InitMarker, restored.Lines);
        AssertWorked(restored, cpus);
        Assert.Empty(BrokenHardware.FindIn(saved));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Programs_savedAtWork_goOnInAFreshProcess(int cpus)
    {
        using TestGuest guest = new TestGuest(GuestAssets.CloudKernel, ChecksumChain.Script()).WithCpus(cpus);
        string file = guest.Scratch["saved"];

        HearthOutcome saved = SaveAt(guest, "round 3 on 0", file);
        HearthOutcome restored = Restore(guest, file);

        Assert.Equal(SavedExitCode, saved.ExitCode);
        Assert.DoesNotContain(InitramfsBuilder.InitMarker, restored.Lines);
        string[] rounds = [.. HearthOutcome.LinesOf(saved, restored).Where(line => line.StartsWith("round ", StringComparison.Ordinal))];
        Assert.Equal(cpus * ChecksumChain.Rounds, rounds.Distinct().Count());
        Assert.Equal($"{cpus}", saved.Value("processors"));
        Assert.Equal(ChecksumChain.Sum(), restored.Value("sums"));
        Assert.Empty(BrokenHardware.FindIn(saved));
        Assert.Empty(BrokenHardware.FindIn(restored));
    }

    [Fact]
    public void HyperVGuest_savedAtWork_goesOnWithItsClock()
    {
        string script = $"""
            source=/sys/devices/system/clocksource/clocksource0/current_clocksource
            echo "before=$(cat $source)"
            (back=0; last=0; while [ $(ls /tmp/sum* 2> /dev/null | wc -l) -lt 2 ]; do
                now=$(cut -d ' ' -f 1 /proc/uptime | tr -d .)
                if [ $now -lt $last ]; then back=$((back + 1)); fi
                last=$now
            done; echo "back=$back") &
            {ChecksumChain.Script()}
            echo "after=$(cat $source)"
            """;
        using TestGuest guest = new TestGuest(GuestAssets.CloudKernel, script).WithCpus(2).With("--paravirtual", "hyperv");
        string file = guest.Scratch["saved"];

        HearthOutcome saved = SaveAt(guest, "round 3 on 0", file);
        HearthOutcome restored = Restore(guest, file);

        Assert.Equal((SavedExitCode, "hyperv_clocksource_tsc_page"), (saved.ExitCode, saved.Value("before")));
        Assert.Equal(("hyperv_clocksource_tsc_page", "0"), (restored.Value("after"), restored.Value("back")));
        Assert.Equal(ChecksumChain.Sum(), restored.Value("sums"));
        Assert.Empty(BrokenHardware.FindIn(restored));
    }

    [Fact]
    public void HyperVGuest_withAnotherInterface_doesNotGoOn()
    {
        using var guest = new TestGuest(GuestAssets.CloudKernel, "sleep 10");
        string file = guest.Scratch["saved"];
        string[] hyperV = [.. guest.Arguments, "--paravirtual", "hyperv"];
        Save(hyperV, process => process.WaitForText("Linux version"), file);

        HearthOutcome refused = HearthProcess.Run([.. guest.Arguments, "--paravirtual", "kvm", "--restore", file]);

        Assert.Equal(2, refused.ExitCode);
        Assert.Equal("hearth: the guest was saved with the paravirtual interface hyperv and cannot go on with kvm.", refused.Error.Trim());

        // It goes on with its own where none is asked for.
        HearthProcess.Run([.. guest.Arguments, "--restore", file]).AssertPoweredOff();
    }

    [Fact]
    [Trait(TestEngine.Suite, TestEngine.Few)]
    public void RealMode_savedWhileItComputes_goesOnInAFreshProcess()
    {
        using var scratch = new ScratchDirectory();
        string file = scratch["saved"];
        string[] arguments =
        [
            "vm", "run", .. TestEngine.Arguments, "--memory", "64M", "--serial", "stdio", "--no-reboot", "--debug-exit",
            "--kernel", scratch.Write("real.elf", RealModeKernel.Build()),
        ];

        HearthOutcome saved = Save(arguments, process => process.WaitForText("real\n"), file);
        using HearthProcess process = HearthProcess.Start([.. arguments, "--restore", file]);
        process.Type("go");
        HearthOutcome restored = process.WaitForExit();

        Assert.Equal((SavedExitCode, "real"), (saved.ExitCode, saved.Console.Trim()));
        Assert.True(restored.ExitCode == ((RealModeKernel.ExitValue << 1) | 1), restored.Console + restored.Error);
        Assert.Equal(RealModeKernel.Sum.ToString("x8", CultureInfo.InvariantCulture), restored.Value("sum"));
    }

    [Fact]
    public void Guest_savedWhileItReadsItsDisk_readsEveryByteOfIt()
    {
        const string Script = """
            echo reading
            for round in 1 2 3 4 5 6 7 8 9 10; do
                echo 3 > /proc/sys/vm/drop_caches
                echo "sum=$(sha256sum /dev/vda | cut -c 1-64)"
            done
            """;
        byte[] content = RandomNumberGenerator.GetBytes(32 << 20);
        using var guest = new TestGuest(GuestAssets.CloudKernel, Script, "virtio_pci", "virtio_blk");
        guest.With("--disk", guest.Scratch.Write("disk.img", content));
        string file = guest.Scratch["saved"];

        HearthOutcome saved = SaveAt(guest, "reading", file);
        HearthOutcome restored = Restore(guest, file);

        string[] sums = [.. HearthOutcome.LinesOf(saved, restored).Where(line => line.StartsWith("sum=", StringComparison.Ordinal))];
        Assert.Equal(SavedExitCode, saved.ExitCode);
        Assert.Equal(Enumerable.Repeat("sum=" + Convert.ToHexStringLower(SHA256.HashData(content)), 10), sums);
    }

    /// <summary>Memory changes as fast as the guest can while it is written.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Guest_savedWhileItFillsItsMemory_losesNothing(int cpus)
    {
        const string Script = """
            mkdir /tmp/work
            fill() {
                head -c 16777216 /dev/urandom > /tmp/work/first$1
                sum=$(sha256sum < /tmp/work/first$1)
                round=1
                while [ $round -le 80 ]; do
                    cat /tmp/work/first$1 > /tmp/work/second$1
                    rm /tmp/work/first$1
                    mv /tmp/work/second$1 /tmp/work/first$1
                    echo "round $round on $1"
                    round=$((round + 1))
                done
                test "$(sha256sum < /tmp/work/first$1)" = "$sum" && echo "whole $1"
            }
            for cpu in $(seq $(nproc)); do
                fill $cpu &
            done
            wait
            """;
        using TestGuest guest = new TestGuest(GuestAssets.CloudKernel, Script).WithCpus(cpus).With("--stats");
        string file = guest.Scratch["saved"];

        HearthOutcome saved = SaveAt(guest, "round 2 on 1", file);
        HearthOutcome restored = Restore(guest, file);

        Assert.Equal(SavedExitCode, saved.ExitCode);
        Assert.Matches(@"save: the guest stood still +\d+\.\d ms", saved.Error);
        Assert.Equal(cpus, HearthOutcome.LinesOf(saved, restored).Count(line => line.StartsWith("whole ", StringComparison.Ordinal)));
        Assert.Empty(BrokenHardware.FindIn(saved));
        Assert.Empty(BrokenHardware.FindIn(restored));
    }

    [Fact]
    public void SavedGuest_thatIsDamaged_givesOneSentence()
    {
        // It does not switch itself off before it is saved, however busy the host is.
        using var guest = new TestGuest(GuestAssets.CloudKernel, "sleep 1000");
        string file = guest.Scratch["saved"];
        SaveAt(guest, "Linux version", file);
        byte[] bytes = File.ReadAllBytes(file);
        File.WriteAllBytes(file, bytes[..(bytes.Length / 2)]);

        HearthOutcome outcome = HearthProcess.Run([.. guest.Arguments, "--restore", file]);

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static HearthOutcome SaveAt(TestGuest guest, string moment, string file) =>
        SaveWhen(process => process.WaitForText(moment), guest, file);

    private static HearthOutcome SaveWhen(Action<HearthProcess> wait, TestGuest guest, string file) => Save(guest.Arguments, wait, file);

    private static HearthOutcome Save(IEnumerable<string> arguments, Action<HearthProcess> wait, string file)
    {
        using HearthProcess process = HearthProcess.Start([.. arguments, "--save", file]);
        wait(process);
        process.Save();
        return process.WaitForExit();
    }

    private static HearthOutcome Restore(TestGuest guest, string file) =>
        HearthProcess.Run([.. guest.Arguments, "--restore", file]).AssertPoweredOff();

    private static void AssertWorked(HearthOutcome outcome, int cpus)
    {
        Assert.Equal($"{cpus}", outcome.Value("processors"));
        Assert.Equal(ChecksumChain.Sum(), outcome.Value("sums"));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }
}
