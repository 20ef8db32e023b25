using System.Globalization;
using System.Security.Cryptography;
using Hearth.Boot.Tests;
using Hearth.Guests;
using Hearth.Guests.Initramfs;
using Hearth.Proving;

namespace Hearth.EndToEnd.Tests;

/// <summary>Guests under KVM.</summary>
[Collection<GroundCollection>]
public sealed class KvmGuestTests(GroundFixture fixture)
{
    // A save takes half a minute here, and the guest goes on meanwhile.
    private const int Rounds = 150;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(4);

    [Theory]
    [InlineData("linux-image-cloud-amd64", 1)]
    [InlineData("linux-image-cloud-amd64", 2)]
    [InlineData("linux-image-amd64", 1)]
    [InlineData("linux-image-amd64", 2)]
    public void DebianKernel_underKvm_bootsAndPowersOff(string kernel, int cpus)
    {
        const string Script = """
            echo "processors=$(nproc)"
            echo "clocks=$(cat /sys/devices/system/clocksource/clocksource0/available_clocksource)"
            cpu=0
            while [ $cpu -lt $(nproc) ]; do
                taskset $(printf %x $((1 << cpu))) sh -c "head -c 1000000 /dev/zero | sha256sum > /tmp/sum$cpu" &
                cpu=$((cpu + 1))
            done
            wait
            echo "sums=$(cat /tmp/sum* | sort -u | cut -c 1-16 | tr '\n' ' ')"
            """;
        using var guest = new GroundGuest(
            fixture.Ground.SharedDirectory, kernel, Script, "--cpus", cpus.ToString(CultureInfo.InvariantCulture));

        HearthOutcome outcome = guest.RunInside(fixture.Ground, "auto", s_patience).AssertPoweredOff();

        // Under auto, and not a word of another engine.
        Assert.Equal("", outcome.Error);
        Assert.Contains(InitramfsBuilder.InitMarker, outcome.Lines);
        Assert.Equal($"{cpus}", outcome.Value("processors"));
        Assert.Contains("kvm-clock", outcome.Value("clocks").Split(' '));
        Assert.Equal("d29751f2649b32ff ", outcome.Value("sums"));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void HyperVGuest_underKvm_bootsWithItsClock(int cpus)
    {
        const string Script = """
            echo "hypervisor=$(dmesg | sed -n 's/.*Hypervisor detected: //p')"
            echo "processors=$(nproc)"
            echo "source=$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
            echo "sum=$(head -c 1000000 /dev/zero | sha256sum | cut -c 1-16)"
            """;
        using var guest = new GroundGuest(
            fixture.Ground.SharedDirectory, "linux-image-cloud-amd64", Script, "--paravirtual", "hyperv", "--cpus", cpus.ToString(CultureInfo.InvariantCulture));

        HearthOutcome outcome = guest.RunInside(fixture.Ground, "kvm", s_patience).AssertPoweredOff();

        Assert.Equal(("Microsoft Hyper-V", $"{cpus}"), (outcome.Value("hypervisor"), outcome.Value("processors")));
        Assert.Equal(("hyperv_clocksource_tsc_page", "d29751f2649b32ff"), (outcome.Value("source"), outcome.Value("sum")));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Fact]
    public void Disk_underKvm_writtenAndReadBack_keepsEveryByte()
    {
        const string Script = """
            echo "found=$(sha256sum /dev/vda | cut -c 1-64)"
            head -c 2097152 /dev/urandom > /tmp/data
            for at in 1 3; do
                dd if=/tmp/data of=/dev/vda bs=65536 seek=$((at * 32)) conv=notrunc,fsync 2> /dev/null &
            done
            wait
            blockdev --flushbufs /dev/vda
            echo 3 > /proc/sys/vm/drop_caches
            echo "written=$(sha256sum /tmp/data | cut -c 1-64)"
            for at in 1 3; do
                dd if=/dev/vda bs=65536 skip=$((at * 32)) count=32 2> /dev/null | sha256sum | cut -c 1-64
            done | sort -u | sed 's/^/read=/'
            """;
        byte[] before = RandomNumberGenerator.GetBytes(8 << 20);
        using var guest = new GroundGuest(
            fixture.Ground.SharedDirectory, "linux-image-cloud-amd64", Script, ["virtio_pci", "virtio_blk"], []);
        File.WriteAllBytes(guest["disk.img"], before);

        HearthOutcome outcome = guest.RunInside(fixture.Ground, "kvm", s_patience, "--disk", guest["disk.img"]).AssertPoweredOff();

        byte[] after = File.ReadAllBytes(guest["disk.img"]);
        Assert.Equal(Sum(before), outcome.Value("found"));
        Assert.Equal(outcome.Value("written"), outcome.Value("read"));
        Assert.All([2, 6], at => Assert.Equal(outcome.Value("written"), Sum(after.AsSpan(at << 20, 2 << 20))));
        Assert.Equal(before[..(2 << 20)], after[..(2 << 20)]);
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Theory]
    [InlineData(1, Explicit = true)]
    [InlineData(2)]
    public void Programs_savedAtWorkUnderKvm_goOnInAFreshProcess(int cpus)
    {
        ProvingGround ground = fixture.Ground;
        using var guest = new GroundGuest(
            ground.SharedDirectory, "linux-image-cloud-amd64", ChecksumChain.Script(Rounds), "--cpus", cpus.ToString(CultureInfo.InvariantCulture));
        string saved = $"/run/{Guid.NewGuid():N}";

        GroundCommand first = guest.StartInside(ground, "kvm", "--save", saved);
        first.WaitForOutput("round 3 on 0", s_patience);
        ground.Require("pkill -USR1 -f '^hearth-vm '", GroundFixture.Patience);
        CommandResult ended = first.WaitForExit(s_patience);
        HearthOutcome second = guest.RunInside(ground, "kvm", s_patience, "--restore", saved).AssertPoweredOff();

        Assert.Equal(14, ended.ExitCode);
        Assert.DoesNotContain("sums=", ended.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(InitramfsBuilder.InitMarker, second.Lines);
        Assert.Contains($"processors={cpus}", ended.Output, StringComparison.Ordinal);
        Assert.Equal(ChecksumChain.Sum(Rounds), second.Value("sums"));
        Assert.Empty(BrokenHardware.FindIn(second));
    }

    private static string Sum(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
