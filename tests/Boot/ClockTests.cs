using System.Diagnostics;
using System.Globalization;

namespace Hearth.Boot.Tests;

public sealed class ClockTests
{
    /// <summary>Seconds: the RTC counts whole ones, and the kernel takes it over at any point of one.</summary>
    private const int Tolerance = 2;

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

        // Without its driver for the real-time clock the kernel has the date from the paravirtual one alone.
        using var guest = new TestGuest(GuestAssets.CloudKernel, Script).WithCpus(2).WithParameters("initcall_blacklist=cmos_init");
        using HearthProcess process = guest.Start();
        long first = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        process.WaitForText("date=");
        long last = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        process.WaitForText("begin=");
        long start = Stopwatch.GetTimestamp();
        process.WaitForText("end=");
        TimeSpan passed = Stopwatch.GetElapsedTime(start);

        HearthOutcome outcome = process.WaitForExit().AssertPoweredOff();
        Assert.InRange(long.Parse(outcome.Value("date"), CultureInfo.InvariantCulture), first - Tolerance, last + Tolerance);
        Assert.Equal(("", "4b564d01 and 4b564d00"), (outcome.Value("rtcs"), outcome.Value("registers")));
        Assert.Equal(("kvm-clock", "0"), (outcome.Value("current"), outcome.Value("back")));
        Assert.Contains("kvm-clock", outcome.Value("available").Split(' '));
        double counted = double.Parse(outcome.Value("end"), CultureInfo.InvariantCulture) - double.Parse(outcome.Value("begin"), CultureInfo.InvariantCulture);
        Assert.InRange(counted - passed.TotalSeconds, -1, 1);
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
}
