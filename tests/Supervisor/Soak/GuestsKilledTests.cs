using System.Diagnostics;
using Hearth.Linux.Jail;
using Hearth.Running;

namespace Hearth.Supervisor.Tests.Soak;

public sealed class GuestsKilledTests
{
    // On an idle host a guest is back within a second. Here others compute at the same time.
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(10);

    // Behind this the ladder begins at its first step again (CrashLadder).
    private static readonly TimeSpan s_recovered = TimeSpan.FromSeconds(61);

    private static readonly TimeSpan s_settling = TimeSpan.FromSeconds(2);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task Guests_killedAtRandom_comeBack_andTheOthersNotice_nothing() => KillAsync(SoakCount.Or(4));

    [Fact(Explicit = true)]
    public Task Guests_killedAtRandomTwoHundredTimes_comeBack_andTheOthersNotice_nothing() => KillAsync(SoakCount.Or(200));

    private static async Task KillAsync(int times)
    {
        await using var house = new SoakHouse();
        int clock = await house.StartAsync(SoakGuests.Define(house.Scratch, "clock", SoakGuests.Clock) with { CheckpointSeconds = 2 }, "tick");
        int sums = await house.StartAsync(SoakGuests.Define(house.Scratch, "sums", SoakGuests.Sums) with { CheckpointSeconds = 2 }, "right");
        int disk = await house.StartAsync(SoakGuests.DefineDiskLog(house.Scratch, "disk") with { CheckpointSeconds = 2 }, "n=");
        int[] guests = [clock, sums, disk];
        var random = new Random(1);
        var running = new Times();
        var output = new Times();

        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < times; i++)
        {
            await Task.Delay(random.Next(2000), Cancellation);
            int victim = guests[random.Next(guests.Length)];
            int?[] others = [.. guests.Where(guest => guest != victim).Select(guest => house.Runs.ConditionOf(guest).ProcessId)];
            (TimeSpan back, TimeSpan heard) = await KillAsync(house, victim);
            running.Add(back);
            output.Add(heard);
            Assert.Equal(others, guests.Where(guest => guest != victim).Select(guest => house.Runs.ConditionOf(guest).ProcessId));
            house.Clock.Leap(s_recovered);
        }

        // As long again, without anybody being killed.
        long end = Stopwatch.GetTimestamp();
        await Task.Delay(Stopwatch.GetElapsedTime(start, end), Cancellation);
        TimeSpan gap = house.WatchOf(clock).LongestGap(start, end, s_settling);
        TimeSpan control = house.WatchOf(clock).LongestGap(end, Stopwatch.GetTimestamp(), s_settling);

        TestContext.Current.SendDiagnosticMessage(
            $"running again: {running}; heard again: {output}; longest gap of the clock {gap.TotalMilliseconds:F0} ms, and {control.TotalMilliseconds:F0} ms without kills");
        Assert.All(guests, guest => Assert.Empty(house.WatchOf(guest).LinesWith("wrong")));
        Assert.Empty(house.WatchOf(clock).ClockFaults());
        Assert.True(output.Longest < s_most, $"{output}");
        Assert.Equal(times, house.Store.Events.Last(10_000).Count(happened => happened.Kind == "guest.crashed"));
        await house.WatchOf(sums).WaitForLinesAsync("right", 2);
        await house.WatchOf(disk).WaitForLinesAsync("n=", 2);
    }

    /// <returns>How long it took until the guest ran again, and until it was heard.</returns>
    private static async Task<(TimeSpan Running, TimeSpan Output)> KillAsync(SoakHouse house, int guest)
    {
        int killed = house.Runs.ConditionOf(guest).ProcessId ?? throw new InvalidOperationException($"the guest has no process: {house.Describe()}");
        int connection = house.WatchOf(guest).Connection;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromMinutes(1));

        long start = Stopwatch.GetTimestamp();
        using (var process = ProcessHandle.Open(killed))
            Assert.True(process.TrySignal(9));
        while (house.Runs.ConditionOf(guest) is not { Phase: GuestPhase.Running, ProcessId: { } now } || now == killed)
        {
            Assert.False(limit.IsCancellationRequested, $"the guest does not come back: {house.Runs.ConditionOf(guest)}\n{house.Describe()}");
            await Task.Delay(2, Cancellation);
        }

        TimeSpan running = Stopwatch.GetElapsedTime(start);
        long heard = await house.WatchOf(guest).WaitForOutputBehindAsync(connection, limit.Token);
        return (running, Stopwatch.GetElapsedTime(start, heard));
    }
}
