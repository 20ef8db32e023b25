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
    public void Sleep_inTheGuest_takesItsTimeOnTheHost()
    {
        using var guest = new TestGuest(GuestAssets.CloudKernel, "echo sleeping; sleep 3; echo awake; sleep 600");
        using HearthProcess process = guest.Start();
        process.WaitForText("sleeping");
        long start = System.Diagnostics.Stopwatch.GetTimestamp();

        process.WaitForText("awake");

        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds, 2.5, 10);
    }
}
