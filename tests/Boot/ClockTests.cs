using System.Diagnostics;
using System.Globalization;

namespace Hearth.Boot.Tests;

public sealed class ClockTests
{
    /// <summary>Seconds: the RTC counts whole ones, and the kernel takes it over at any point of one.</summary>
    private const int Tolerance = 2;

    /// <summary>Looks whether the guest's clock ever goes back, and lets it be compared with the host's for some seconds (<see cref="WaitForPace"/>).</summary>
    private const string Pace = """

        back=0
        before=0
        round=0
        while [ $round -lt 500 ]; do
            now=$(cut -d ' ' -f 1 /proc/uptime | tr -d .)
            if [ $now -lt $before ]; then back=$((back + 1)); fi
            before=$now
            round=$((round + 1))
        done
        echo "back=$back"
        echo "begin=$(cut -d ' ' -f 1 /proc/uptime)"
        sleep 6
        echo "end=$(cut -d ' ' -f 1 /proc/uptime)"
        """;

    /// <summary>Linux takes the TSC for unstable under Hyper-V whatever it sees of it, and says so; nothing else is to be said.</summary>
    private const string OwnWords = "Marking TSC unstable due to running on Hyper-V";

    [Fact]
    public void Date_inTheGuest_isTheHosts()
    {
        using var guest = new TestGuest(GuestAssets.CloudKernel, "echo \"date=$(date -u +%s)\"");
        long before = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

        HearthOutcome outcome = guest.Run().AssertPoweredOff();

        long after = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.InRange(long.Parse(outcome.Value("date"), CultureInfo.InvariantCulture), before - Tolerance, after + Tolerance);
    }

    [Fact]
    public void KvmClock_inTheGuest_hasTheHostsDateAndPace()
    {
        const string Script = """
            clocks=/sys/devices/system/clocksource/clocksource0
            echo "date=$(date -u +%s)"
            echo "rtcs=$(ls /sys/class/rtc)"
            echo "registers=$(dmesg | sed -n 's/.*kvm-clock: Using msrs //p' | head -n 1)"
            echo "available=$(cat $clocks/available_clocksource)"
            echo kvm-clock > $clocks/current_clocksource
            echo "current=$(cat $clocks/current_clocksource)"
            """ + Pace;

        // Without its driver for the real-time clock the kernel has the date from the paravirtual one alone.
        using var guest = new TestGuest(GuestAssets.CloudKernel, Script).WithCpus(2).WithParameters("initcall_blacklist=cmos_init");
        using HearthProcess process = guest.Start();
        long first = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        process.WaitForText("date=");
        long last = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        TimeSpan passed = WaitForPace(process);

        HearthOutcome outcome = process.WaitForExit().AssertPoweredOff();
        Assert.InRange(long.Parse(outcome.Value("date"), CultureInfo.InvariantCulture), first - Tolerance, last + Tolerance);
        Assert.Equal(("", "4b564d01 and 4b564d00"), (outcome.Value("rtcs"), outcome.Value("registers")));
        Assert.Equal(("kvm-clock", "0"), (outcome.Value("current"), outcome.Value("back")));
        Assert.Contains("kvm-clock", outcome.Value("available").Split(' '));
        AssertPace(outcome, passed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void HyperV_inTheGuest_isFoundAndGivesItsClock(int cpus)
    {
        const string Script = """
            clocks=/sys/devices/system/clocksource/clocksource0
            echo "hypervisor=$(dmesg | sed -n 's/.*Hypervisor detected: //p')"
            echo "privileges=$(dmesg | sed -n 's/.*Hyper-V: privilege flags //p')"
            echo "timer=$(dmesg | sed -n 's/.*Hyper-V: LAPIC Timer Frequency: //p')"
            echo "available=$(cat $clocks/available_clocksource)"
            echo "current=$(cat $clocks/current_clocksource)"
            echo "processors=$(nproc)"
            """ + Pace;
        using TestGuest guest = new TestGuest(GuestAssets.CloudKernel, Script).WithCpus(cpus).With("--paravirtual", "hyperv");
        using HearthProcess process = guest.Start();
        TimeSpan passed = WaitForPace(process);

        HearthOutcome outcome = process.WaitForExit().AssertPoweredOff();
        Assert.Equal(("Microsoft Hyper-V", $"{cpus}"), (outcome.Value("hypervisor"), outcome.Value("processors")));
        Assert.StartsWith("low 0xa72, high 0x0, hints 0x28, misc 0x100", outcome.Value("privileges"), StringComparison.Ordinal);

        // Ticks of the APIC's timer in a tick of the kernel's, of which the cloud kernel makes 250 a second.
        Assert.Equal("0x3d0900", outcome.Value("timer"));
        Assert.Equal(("hyperv_clocksource_tsc_page", "0"), (outcome.Value("current"), outcome.Value("back")));
        Assert.DoesNotContain("kvm-clock", outcome.Value("available").Split(' '));
        AssertPace(outcome, passed);
        Assert.All(BrokenHardware.FindIn(outcome), line => Assert.Contains(OwnWords, line, StringComparison.Ordinal));
    }

    [Fact]
    public void NoInterface_inTheGuest_leavesThePlainProcessor()
    {
        const string Script = """
            echo "hypervisor=$(dmesg | sed -n 's/.*Hypervisor detected: //p')"
            echo "current=$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
            """;
        using TestGuest guest = new TestGuest(GuestAssets.CloudKernel, Script).With("--paravirtual", "none");

        HearthOutcome outcome = guest.Run().AssertPoweredOff();

        Assert.Equal(("", "tsc"), (outcome.Value("hypervisor"), outcome.Value("current")));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Fact]
    public void Sleep_inTheGuest_takesItsTimeOnTheHost()
    {
        using var guest = new TestGuest(GuestAssets.CloudKernel, "echo sleeping; sleep 3; echo awake; sleep 600");
        using HearthProcess process = guest.Start();
        process.WaitForText("sleeping");
        long start = Stopwatch.GetTimestamp();

        process.WaitForText("awake");

        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 2.5, 10);
    }

    /// <summary>What passes on the host between the two readings of a guest's clock.</summary>
    private static TimeSpan WaitForPace(HearthProcess process)
    {
        process.WaitForText("begin=");
        long start = Stopwatch.GetTimestamp();
        process.WaitForText("end=");
        return Stopwatch.GetElapsedTime(start);
    }

    private static void AssertPace(HearthOutcome outcome, TimeSpan passed)
    {
        double counted = double.Parse(outcome.Value("end"), CultureInfo.InvariantCulture) - double.Parse(outcome.Value("begin"), CultureInfo.InvariantCulture);
        Assert.InRange(counted - passed.TotalSeconds, -1, 1);
    }
}
