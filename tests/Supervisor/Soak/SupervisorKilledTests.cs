using System.Diagnostics;
using Hearth.Api.Messages;

namespace Hearth.Supervisor.Tests.Soak;

public sealed class SupervisorKilledTests
{
    /// <summary>A whole state of one of these guests takes 27 MiB.</summary>
    private const long MostNew = 8 << 20;

    private static readonly TimeSpan s_settling = TimeSpan.FromSeconds(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task Supervisor_killedAtRandom_guestsGoOn() => KillAsync(SoakCount.Or(3));

    [Fact(Explicit = true)]
    public Task Supervisor_killedAtRandomTwoHundredTimes_guestsGoOn() => KillAsync(SoakCount.Or(200));

    /// <summary>More is for the start alone: then guests are what the processors are for.</summary>
    [Fact]
    public async Task Supervisor_thatIsUp_hasAnOrdinaryShareOfTheProcessors()
    {
        await using var house = new DaemonHouse();
        await house.StartAsync();
        int daemon = Assert.Single(house.Processes());
        string group = $"/proc/{daemon}/autogroup";
        Assert.SkipUnless(File.Exists(group), "this kernel has no autogroups");
        long start = Stopwatch.GetTimestamp();
        while (!(await File.ReadAllTextAsync(group, Cancellation)).EndsWith("nice 0\n", StringComparison.Ordinal) || HasRealTimeTurns(daemon))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_settling, $"{await File.ReadAllTextAsync(group, Cancellation)}, real-time turns: {HasRealTimeTurns(daemon)}");
            await Task.Delay(20, Cancellation);
        }
    }

    /// <summary>Field 41 of /proc/PID/task/TID/stat (proc_pid_stat(5)) is SCHED_RR for any of its threads. The second field may have blanks, and ends with the last parenthesis.</summary>
    private static bool HasRealTimeTurns(int process)
    {
        const int BehindName = 3;
        return Directory.EnumerateDirectories($"/proc/{process}/task").Any(task => StatOf(task) is { } stat && stat.Split(") ")[^1].Split(' ')[41 - BehindName] == "2");
    }

    /// <returns>Null for a thread that has ended meanwhile.</returns>
    private static string? StatOf(string task)
    {
        try
        {
            return File.ReadAllText($"{task}/stat");
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>What the guest had sent to the supervisor that is gone is sent again: the next state has everything.</summary>
    [Fact]
    public async Task Supervisor_killedInMidSave_nextStateIsWhole()
    {
        await using var house = new DaemonHouse();
        await house.StartAsync();
        GuestMessage guest = await house.AddAsync(SoakGuests.Define(house.Scratch, "data", SoakGuests.Data));
        using var watch = new ConsoleWatch(house.Places.ConsoleSocket(guest.Id));
        await house.StartGuestAsync("data");
        await watch.WaitForLinesAsync("ready", 1);
        await house.SaveAsync("data");
        await watch.WaitForLinesAsync("written", 1);

        var sending = new TaskCompletionSource();
        Task<StateMessage> save = house.SaveAsync("data", new SaveOrder("never"), new InstantProgress(_ => sending.TrySetResult()));
        await Task.WhenAny(sending.Task, save);
        house.KillDaemon();
        Exception? cutOff = await Record.ExceptionAsync(() => save);
        await house.StartAsync();
        await watch.WaitForLinesAsync("right", 1);
        StateMessage state = await house.SaveAsync("data", new SaveOrder("after"));
        await house.RestoreAsync("data", state.Id, keepsPresent: false);
        await watch.WaitForLinesAsync("data", 2, 60);

        Assert.NotNull(cutOff);
        Assert.Empty(watch.LinesWith("wrong"));
        Assert.DoesNotContain(watch.Lines, line => line.Connection > 1 && line.Text.Contains("Linux version", StringComparison.Ordinal));
    }

    /// <summary>Nobody is there any more who would end it: a guest that was being saved to be stopped goes on.</summary>
    [Fact]
    public async Task Supervisor_killedInMidSaveThatStops_guestGoesOn()
    {
        await using var house = new DaemonHouse();
        await house.StartAsync();
        GuestMessage guest = await house.AddAsync(SoakGuests.Define(house.Scratch, "sums", SoakGuests.Sums));
        using var watch = new ConsoleWatch(house.Places.ConsoleSocket(guest.Id));
        await house.StartGuestAsync("sums");
        await watch.WaitForLinesAsync("right", 2);

        var sending = new TaskCompletionSource();
        Task<StateMessage> save = house.SaveAsync("sums", new SaveOrder("never", Stops: true), new InstantProgress(share => _ = share > 0.05 && sending.TrySetResult()));
        await Task.WhenAny(sending.Task, save);
        await Task.Delay(300, Cancellation);
        house.KillDaemon();
        Exception? cutOff = await Record.ExceptionAsync(() => save);
        await house.StartAsync();

        Assert.NotNull(cutOff);
        _ = await house.WaitAsync("sums", "running", 20);
        await watch.WaitForLinesAsync("right", 2);
    }

    /// <summary>A number that was a state's is never another's: guests count what they have changed from it.</summary>
    [Fact]
    public async Task StateThatCountsAreFrom_deletedBeforeARestart_nextStateIsWhole()
    {
        await using var house = new DaemonHouse();
        await house.StartAsync();
        GuestMessage disk = await house.AddAsync(SoakGuests.DefineDiskLog(house.Scratch, "disk"));
        GuestMessage sums = await house.AddAsync(SoakGuests.Define(house.Scratch, "sums", SoakGuests.Sums));
        using var watch = new ConsoleWatch(house.Places.ConsoleSocket(disk.Id));
        using var other = new ConsoleWatch(house.Places.ConsoleSocket(sums.Id));
        await house.StartGuestAsync("disk");
        await house.StartGuestAsync("sums");
        await watch.WaitForLinesAsync("n=", 2);
        await other.WaitForLinesAsync("right", 2);

        _ = await house.SaveAsync("disk");
        StateMessage deleted = await house.SaveAsync("disk");
        await house.DeleteStateAsync("disk", deleted.Id);
        house.KillDaemon();
        await house.StartAsync();
        StateMessage othersState = await house.SaveAsync("sums");
        StateMessage state = await house.SaveAsync("disk");
        await house.RestoreAsync("disk", state.Id, keepsPresent: false);
        await watch.WaitForLinesAsync("n=", DiskLog.Blocks + 16, 60);

        Assert.Empty(watch.LinesWith("wrong"));
        Assert.True(othersState.Id > deleted.Id, $"a state of another guest has the number of the one that was deleted, {othersState.Id}");
    }

    private static async Task KillAsync(int times)
    {
        await using var house = new DaemonHouse();
        await house.StartAsync();
        GuestMessage clock = await house.AddAsync(SoakGuests.Define(house.Scratch, "clock", SoakGuests.Clock) with { CheckpointSeconds = 2 });
        GuestMessage sums = await house.AddAsync(SoakGuests.Define(house.Scratch, "sums", SoakGuests.Sums) with { CheckpointSeconds = 4 });
        GuestMessage disk = await house.AddAsync(SoakGuests.DefineDiskLog(house.Scratch, "disk") with { CheckpointSeconds = 2 });
        using var clockWatch = new ConsoleWatch(house.Places.ConsoleSocket(clock.Id));
        using var sumsWatch = new ConsoleWatch(house.Places.ConsoleSocket(sums.Id));
        using var diskWatch = new ConsoleWatch(house.Places.ConsoleSocket(disk.Id));
        GuestMessage[] guests = [await house.StartGuestAsync("clock"), await house.StartGuestAsync("sums"), await house.StartGuestAsync("disk")];
        await clockWatch.WaitForLinesAsync("tick", 2);
        await sumsWatch.WaitForLinesAsync("right", 2);
        await diskWatch.WaitForLinesAsync("n=", 2);

        // What is saved behind a kill counts from one of before, be there a checkpoint or not.
        foreach (GuestMessage guest in guests)
            _ = await house.SaveAsync(guest.Name);
        var random = new Random(2);
        var up = new Times();

        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < times; i++)
        {
            await Task.Delay(random.Next(2000), Cancellation);
            house.KillDaemon();
            long killed = Stopwatch.GetTimestamp();
            await house.StartAsync();
            up.Add(Stopwatch.GetElapsedTime(killed));
            GuestMessage[] after = await house.AllAsync();
            StateMessage saved = await house.SaveAsync(guests[i % guests.Length].Name);
            Assert.Equal(guests.Select(guest => (guest.ProcessId, "running")), after.Select(guest => (guest.ProcessId, guest.Phase)));
            Assert.InRange(saved.NewBytes, 0, MostNew);
        }

        long end = Stopwatch.GetTimestamp();
        await Task.Delay(Stopwatch.GetElapsedTime(start, end), Cancellation);
        TimeSpan gap = clockWatch.LongestGap(start, end, s_settling);
        TimeSpan control = clockWatch.LongestGap(end, Stopwatch.GetTimestamp(), s_settling);

        TestContext.Current.SendDiagnosticMessage(
            $"from the kill until the daemon answered: {up}; longest gap of the clock {gap.TotalMilliseconds:F0} ms, and {control.TotalMilliseconds:F0} ms without kills");
        await RestoreEachAsync(house, ("clock", clockWatch, "tick"), ("sums", sumsWatch, "right"), ("disk", diskWatch, "n="));
        Assert.All([clockWatch, sumsWatch, diskWatch], watch => Assert.Empty(watch.LinesWith("wrong")));
        Assert.Empty(clockWatch.ClockFaults());
        Assert.DoesNotContain("crashed", house.Said, StringComparison.Ordinal);
    }

    /// <summary>The last state of each, which was counted from what daemons before had.</summary>
    private static async Task RestoreEachAsync(DaemonHouse house, params (string Guest, ConsoleWatch Watch, string Line)[] guests)
    {
        foreach ((string guest, ConsoleWatch watch, string line) in guests)
        {
            Assert.Equal(1, watch.Connection);
            await house.RestoreAsync(guest, (await house.StatesAsync(guest))[0].Id, keepsPresent: false);
            await watch.WaitForLinesAsync(line, 10);
            Assert.Equal("running", (await house.FindAsync(guest)).Phase);
        }
    }
}
