using Hearth.Guests.Initramfs;

namespace Hearth.Boot.Tests;

public sealed class KernelBootTests
{
    // taskset starts one checksum on each processor: a vCPU that was only counted would never finish its own.
    private const string Script = """
        echo "release=$(uname -r)"
        echo "machine=$(uname -m)"
        echo "processors=$(nproc)"
        cpu=0
        while [ $cpu -lt $(nproc) ]; do
            taskset $(printf %x $((1 << cpu))) sh -c "head -c 1000000 /dev/zero | sha256sum > /tmp/sum$cpu" &
            cpu=$((cpu + 1))
        done
        wait
        echo "sums=$(cat /tmp/sum* | sort -u | cut -c 1-16 | tr '\n' ' ')"
        """;

    [Theory]
    [InlineData(GuestAssets.CloudKernel, 1, "x86_64")]
    [InlineData(GuestAssets.CloudKernel, 4, "x86_64")]
    [InlineData(GuestAssets.Kernel, 1, "x86_64")]
    [InlineData(GuestAssets.Kernel, 2, "x86_64")]
    [InlineData(GuestAssets.Kernel, 4, "x86_64")]
    [InlineData(GuestAssets.Kernel686, 1, "i686")]
    [InlineData(GuestAssets.Kernel686, 2, "i686")]
    public void DebianKernel_booted_runsInitOnSoundHardwareAndPowersOff(string kernel, int cpus, string machine)
    {
        using TestGuest guest = new TestGuest(kernel, Script).WithCpus(cpus);

        HearthOutcome outcome = guest.Run().AssertPoweredOff();

        Assert.Contains(InitramfsBuilder.InitMarker, outcome.Lines);
        Assert.Equal(guest.KernelRelease, outcome.Value("release"));
        Assert.Equal(machine, outcome.Value("machine"));
        Assert.Equal($"{cpus}", outcome.Value("processors"));
        Assert.Equal("d29751f2649b32ff ", outcome.Value("sums"));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Theory]
    [InlineData("x86-64-v2", "")]
    [InlineData("x86-64-v3", "avx2")]
    public void CpuModel_chosen_isWhatTheKernelFinds(string model, string feature)
    {
        using var guest = new TestGuest(
            TestEngine.ArgumentsFor(model), GuestAssets.CloudKernel, "echo \"avx2=$(grep -o -m 1 -w avx2 /proc/cpuinfo | head -n 1)\"");

        HearthOutcome outcome = guest.Run().AssertPoweredOff();

        Assert.Equal(feature, outcome.Value("avx2"));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Fact]
    public void Reboot_withNoReboot_endsWithItsOwnExitCode()
    {
        using var guest = new TestGuest(GuestAssets.CloudKernel, "reboot -f");

        HearthOutcome outcome = guest.Run();

        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains(InitramfsBuilder.InitMarker, outcome.Lines);
    }
}
