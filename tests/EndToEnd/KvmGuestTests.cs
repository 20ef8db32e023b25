using System.Globalization;
using Hearth.Boot.Tests;
using Hearth.Guests.Initramfs;

namespace Hearth.EndToEnd.Tests;

/// <summary>Guests under KVM.</summary>
[Collection<GroundCollection>]
public sealed class KvmGuestTests(GroundFixture fixture)
{
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
}
