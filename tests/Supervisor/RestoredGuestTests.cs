using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Hearth.Boot.Tests;
using Hearth.Guests.Initramfs;
using Hearth.Linux.Jail;
using Hearth.Running;

namespace Hearth.Supervisor.Tests;

public sealed partial class RestoredGuestTests
{
    // busybox tells the date to the second only, but for files'.
    private const string Clock = """
        while true; do touch /tmp/now; stat -c clock=%y /tmp/now; usleep 20000; done
        """;

    private const int FewestLines = 5;

    private const string LeaseScript = """
        #!/bin/sh
        if [ "$1" = bound ]; then
            ip addr add $ip/$mask dev $interface
            ip route add default via $router dev $interface
            echo $router > /run/router
        fi
        """;

    private static readonly TimeSpan s_history = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan s_measured = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    /// <summary>Half the pace of the clock's lines.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// A guest that was away for some seconds, and one that stood still: their clocks are as far from the host's as they were, without a program of ours in them. (Linux takes the date
    /// from the real-time clock when it boots, which tells seconds: up to half of one it is wrong from then on, unless it asks the network.)
    /// </summary>
    [Fact]
    public async Task Clock_afterARestore_andAfterAPause_isAsNearToTheHostsAsBefore()
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", Clock);
        await house.StartAsync(guest, "clock=");
        TimeSpan atFirst = await ClockErrorAsync(house, guest);

        await house.Runs.SaveAsync(guest, new SaveRequest(Stops: true), null, Cancellation);
        await Task.Delay(TimeSpan.FromSeconds(5), Cancellation);
        await house.Runs.StartAsync(guest, StartManner.GoOn, Cancellation);
        TimeSpan restored = await ClockErrorAsync(house, guest);
        await house.Runs.PauseAsync(guest, Cancellation);
        await Task.Delay(TimeSpan.FromSeconds(3), Cancellation);
        await house.Runs.ResumeAsync(guest, Cancellation);
        TimeSpan resumed = await ClockErrorAsync(house, guest);

        TestContext.Current.SendDiagnosticMessage($"clock: {atFirst.TotalMilliseconds:F1} ms at first, {restored.TotalMilliseconds:F1} ms restored, {resumed.TotalMilliseconds:F1} ms resumed");
        Assert.InRange((restored - atFirst).Duration().TotalMilliseconds, 0, 100);
        Assert.InRange((resumed - atFirst).Duration().TotalMilliseconds, 0, 100);
    }

    /// <summary>
    /// A connection to a server of the host, over which a word goes and comes back all the time. It is killed while it stands still, as it was saved: what it had exchanged since then the
    /// other side would have acknowledged and forgotten (RFC 9293, section 3.8.1), and no connection goes back.
    /// </summary>
    [Fact]
    public async Task Connection_ofAGuestThatIsSavedAndKilled_staysOpen()
    {
        Environment.SetEnvironmentVariable("HEARTH_PASST", GuestAssets.Passt());
        using LoopbackServer server = LoopbackServer.OfEchoes();
        await using var house = new TestHouse();
        int guest = house.Add("one", Echoes(server.Port), definition => definition with { Networks = ["user"] }, AddLease, "virtio_pci", "virtio_net");
        await house.StartAsync(guest, "echo 5 of 1.");

        SavedStateRecord state = await house.Runs.SaveAsync(guest, new SaveRequest(Stops: true), null, Cancellation);
        await house.Runs.StartAsync(guest, StartManner.GoOn, Cancellation);
        string goneOn = await house.ReadUntilAsync(guest, text => text.Split("echo ").Length > 5, "echoes");
        await house.Runs.PauseAsync(guest, Cancellation);
        state = await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        using (var process = ProcessHandle.Open(house.Runs.ConditionOf(guest).ProcessId!.Value))
            Assert.True(process.TrySignal(9));
        await house.WaitForEventAsync($"one: the guest goes on from its state {state.Id}");
        string broughtBack = await house.ReadUntilAsync(guest, text => text.Split("echo ").Length > 5, "echoes");

        Assert.Equal(1, server.Connections);
        Assert.All([goneOn, broughtBack], text => Assert.DoesNotContain("of 2", text, StringComparison.Ordinal));
    }

    /// <summary>What the guest shows, less what the host has when it comes; of several the one that was on its way for the shortest time.</summary>
    private static async Task<TimeSpan> ClockErrorAsync(TestHouse house, int guest)
    {
        using Stream console = await house.ConnectAsync(guest);
        using var reader = new StreamReader(console);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(s_patience);
        TimeSpan best = TimeSpan.MinValue;
        int live = 0;
        long start = Stopwatch.GetTimestamp();
        long last = start;
        while (Stopwatch.GetElapsedTime(start) < s_measured || live < FewestLines)
        {
            string line = await reader.ReadLineAsync(limit.Token) ?? throw new EndOfStreamException();
            DateTimeOffset now = DateTimeOffset.UtcNow;
            TimeSpan pause = Stopwatch.GetElapsedTime(last);
            last = Stopwatch.GetTimestamp();

            // What was written before comes first, all of it at once.
            if (pause < s_pause || Stopwatch.GetElapsedTime(start) < s_history || ClockLine().Match(line) is not { Success: true } match)
                continue;
            TimeSpan error = DateTimeOffset.Parse($"{match.Groups[1].Value}Z", CultureInfo.InvariantCulture) - now;
            live++;

            // The way takes from it, also where the guest's clock is ahead.
            best = error > best ? error : best;
        }

        return best;
    }

    private static InitramfsBuilder AddLease(InitramfsBuilder initramfs) => initramfs.AddFile("etc/udhcpc.script", Encoding.UTF8.GetBytes(LeaseScript), executable: true);

    /// <summary>Writes <c>echo N of C.</c> for each word that has come back over the C-th connection.</summary>
    private static string Echoes(int port) => $$"""
        ip link set lo up
        ip link set eth0 up
        udhcpc -i eth0 -n -q -t 10 -s /etc/udhcpc.script > /dev/null 2>&1
        mkfifo /tmp/to /tmp/from
        connection=0
        while true; do
            connection=$((connection + 1))
            nc $(cat /run/router) {{port}} < /tmp/to > /tmp/from &
            exec 3> /tmp/to 4< /tmp/from
            n=1
            while echo "word$n" >&3 && read -r -t 20 word <&4 && [ "$word" = "word$n" ]; do
                echo "echo $n of $connection."
                n=$((n + 1))
                usleep 50000
            done
            exec 3>&- 4<&-
        done
        """;

    [GeneratedRegex(@"^clock=(\S+ \d+:\d+:\d+\.\d{7})\d* ")]
    private static partial Regex ClockLine();
}
