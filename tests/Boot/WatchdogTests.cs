namespace Hearth.Boot.Tests;

public sealed class WatchdogTests
{
    private const int WatchdogExitCode = 18;

    /// <summary>
    /// The guest keeps its watchdog alive for twice the time it has, and then no longer. WDIOF_CARDRESET, 32, is what the driver says after a reset by the watchdog.
    /// </summary>
    private const string Script = """
        if [ $(cat /sys/class/watchdog/watchdog0/bootstatus) = 32 ]; then
            echo "woken by the watchdog"
            poweroff -f
        fi
        busybox watchdog -F -T 4 -t 1 /dev/watchdog &
        sleep 8
        echo "alive"
        kill -STOP $!
        sleep 60
        echo "forgotten"
        """;

    [Fact]
    public void Guest_thatHangs_isReset()
    {
        using TestGuest guest = NewGuest("reset");

        HearthOutcome outcome = HearthProcess.Run(guest.Arguments.Where(argument => argument != "--no-reboot")).AssertPoweredOff();

        Assert.Equal("hearth: the guest's watchdog ran out; the guest is reset.", outcome.Error.Trim());
        Assert.Equal(["alive", "woken by the watchdog"], Said(outcome));
    }

    [Fact]
    public void Guest_thatHangs_endsWithItsOwnCode()
    {
        using TestGuest guest = NewGuest("poweroff");

        HearthOutcome outcome = guest.Run();

        Assert.Equal((WatchdogExitCode, "hearth: the guest's watchdog ran out."), (outcome.ExitCode, outcome.Error.Trim()));
        Assert.Equal(["alive"], Said(outcome));
    }

    [Fact]
    public void Guest_thatHangs_isReportedAndGoesOn()
    {
        using TestGuest guest = NewGuest("report");

        HearthOutcome outcome = guest.Run().AssertPoweredOff();

        Assert.Equal("hearth: the guest's watchdog ran out; the guest goes on.", outcome.Error.Trim());
        Assert.Equal(["alive", "forgotten"], Said(outcome));
    }

    private static TestGuest NewGuest(string action) => new TestGuest(GuestAssets.Kernel, Script, "i6300esb").With("--watchdog", action);

    private static string[] Said(HearthOutcome outcome) => [.. outcome.Lines.Where(line => line is "alive" or "forgotten" or "woken by the watchdog")];
}
