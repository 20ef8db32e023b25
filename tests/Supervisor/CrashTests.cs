using System.Diagnostics;
using Hearth.Boot.Tests;
using Hearth.Linux;
using Hearth.Linux.Jail;
using Hearth.Running;
using Hearth.Store;

namespace Hearth.Supervisor.Tests;

public sealed class CrashTests
{
    private const int Rounds = 300;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Process_killed_guestGoesOnFromItsLastState()
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", ChecksumChain.Script(Rounds));
        await house.StartAsync(guest, "round 3 on 0");
        SavedStateRecord state = await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        int killed = house.Runs.ConditionOf(guest).ProcessId!.Value;

        long start = Stopwatch.GetTimestamp();
        Kill(killed);
        while (house.Runs.ConditionOf(guest) is not { Phase: GuestPhase.Running, ProcessId: { } now } || now == killed)
            await Task.Delay(5, Cancellation);
        TestContext.Current.SendDiagnosticMessage($"back after {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms");
        RequireUsualShare(house.Runs.ConditionOf(guest).ProcessId!.Value);
        string console = await house.ReadUntilAsync(guest, "sums=");

        Assert.Contains($"sums={ChecksumChain.Sum(Rounds)}", console, StringComparison.Ordinal);
        Assert.DoesNotContain("Linux version", console, StringComparison.Ordinal);
        Assert.Contains(house.Store.Events.Last(20), happened => happened is { Kind: "guest.crashed" } && happened.Sentence.Contains("signal 9", StringComparison.Ordinal));
        Assert.Contains(house.Store.Events.Last(20), happened => happened.Sentence == $"one: the guest goes on from its state {state.Id}");
    }

    [Fact]
    public async Task Process_killedWithoutAState_guestBootsAgain()
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", ChecksumChain.Script(Rounds));
        await house.StartAsync(guest, "round 3 on 0");

        Kill(house.Runs.ConditionOf(guest).ProcessId!.Value);
        string console = await house.ReadUntilAsync(guest, "round 3 on 0");

        Assert.Contains("Linux version", console, StringComparison.Ordinal);
    }

    /// <summary>That the host has no process to give is no reason to give a state up.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Process_thatCannotBeStartedAgain_guestKeepsItsState(bool isGivenUp)
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", ChecksumChain.Script(Rounds));
        await house.StartAsync(guest, "round 3 on 0");
        await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        string socket = new GuestPlaces(house.Home).ControlSocket(guest);
        File.Delete(socket);
        Directory.CreateDirectory(socket);

        Kill(house.Runs.ConditionOf(guest).ProcessId!.Value);
        await WaitAsync(() => house.Log.Count > 1 && (!isGivenUp || house.Runs.ConditionOf(guest).Sentence?.Contains("could not be started again", StringComparison.Ordinal) == true));
        Directory.Delete(socket);
        if (isGivenUp)
            await house.Runs.StartAsync(guest, StartManner.GoOn, Cancellation);
        string console = await house.ReadUntilAsync(guest, "sums=");

        Assert.Contains($"sums={ChecksumChain.Sum(Rounds)}", console, StringComparison.Ordinal);
        Assert.DoesNotContain("Linux version", console, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Process_thatStopsAnswering_isEndedAndBroughtBack()
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", ChecksumChain.Script(3000));
        await house.StartAsync(guest, "round 3 on 0");
        int stopped = house.Runs.ConditionOf(guest).ProcessId!.Value;

        using (var process = ProcessHandle.Open(stopped))
            Assert.True(process.TrySignal(19 /* SIGSTOP */));
        while (house.Runs.ConditionOf(guest) is not { Phase: GuestPhase.Running, ProcessId: { } now } || now == stopped)
            await Task.Delay(50, Cancellation);

        Assert.Contains(house.Store.Events.Last(20), happened => happened.Sentence.Contains("did not answer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Guest_thatCrashesTooOften_isLeftAlone_andStartsWhenSomebodyWants()
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", "echo c > /proc/sysrq-trigger", definition => definition with { Append = "console=ttyS0 panic=-1 reboot=t" }, "pvpanic-mmio");

        await house.Runs.StartAsync(guest, StartManner.GoOn, Cancellation);
        GuestCondition condition = await house.WaitAsync(guest, GuestPhase.Crashed, 200);
        await house.Runs.StartAsync(guest, StartManner.GoOn, Cancellation);

        Assert.Contains("too often", condition.Sentence, StringComparison.Ordinal);
        Assert.Equal(6, house.Store.Events.Last(100).Count(happened => happened.Kind == "guest.crashed"));
    }

    [Fact]
    public async Task Supervisor_gone_guestsGoOn_andAreTakenBack()
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", ChecksumChain.Script(Rounds));
        await house.StartAsync(guest, "round 3 on 0");
        SavedStateRecord before = await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        int? process = house.Runs.ConditionOf(guest).ProcessId;

        // As one that ended while it started the guest would leave it.
        using (var handle = ProcessHandle.Open(process!.Value))
            _ = SessionShare.TrySet(handle, SessionShare.Larger);
        await house.ReopenAsync();
        GuestCondition condition = house.Runs.ConditionOf(guest);
        RequireUsualShare(process.Value);
        SavedStateRecord after = await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        string console = await house.ReadUntilAsync(guest, "sums=");

        Assert.Equal((GuestPhase.Running, process), (condition.Phase, condition.ProcessId));
        Assert.True(after.NewBytes < before.NewBytes / 4, $"{after} after {before}");
        Assert.Contains($"sums={ChecksumChain.Sum(Rounds)}", console, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Guest_killedWhileNobodyWasThere_isBroughtBack()
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", ChecksumChain.Script(Rounds));
        await house.StartAsync(guest, "round 3 on 0");
        await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        int process = house.Runs.ConditionOf(guest).ProcessId!.Value;

        await house.ReopenAsync(() => Kill(process));
        string console = await house.ReadUntilAsync(guest, "sums=");

        Assert.NotEqual(process, house.Runs.ConditionOf(guest).ProcessId);
        Assert.Contains($"sums={ChecksumChain.Sum(Rounds)}", console, StringComparison.Ordinal);
        Assert.DoesNotContain("Linux version", console, StringComparison.Ordinal);
    }

    /// <summary>A supervisor was killed between starting a process and noting it: the process that was noted before is gone, the other one is there, and has the guest's disks and sockets.</summary>
    [Fact]
    public async Task Process_thatNobodyHasNoted_isEnded_andTheGuestIsBroughtBack()
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", ChecksumChain.Script(Rounds));
        await house.StartAsync(guest, "round 3 on 0");
        await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        using var forgotten = ProcessHandle.Open(house.Runs.ConditionOf(guest).ProcessId!.Value);

        await house.ReopenAsync(() => NoteAnother(house, guest));
        string console = await house.ReadUntilAsync(guest, "sums=");

        Assert.True(forgotten.WaitEnded(TimeSpan.Zero));
        Assert.Contains($"sums={ChecksumChain.Sum(Rounds)}", console, StringComparison.Ordinal);
        Assert.DoesNotContain("Linux version", console, StringComparison.Ordinal);
        Assert.DoesNotContain(house.Log, line => line.Contains("could not be brought back", StringComparison.Ordinal));
    }

    private static async Task WaitAsync(Func<bool> isThere)
    {
        while (!isThere())
            await Task.Delay(20, Cancellation);
    }

    private static void NoteAnother(TestHouse house, int guest)
    {
        using var store = HouseStore.Open(house.Home, TimeProvider.System, _ => { });
        string name = $"guest.{guest}.present";
        GuestPresent present = RunningJson.ReadPresent(store.Settings.Read(name))!;
        store.Settings.Write(name, RunningJson.Write(present with { Process = new ProcessIdentity(1, 1).ToString() }));
    }

    /// <summary>A guest that runs has no more of the processors than others. Kernels without groups of sessions have nothing to be looked at.</summary>
    private static void RequireUsualShare(int process)
    {
        string group = $"/proc/{process}/autogroup";
        if (File.Exists(group))
            Assert.EndsWith(" nice 0", File.ReadAllText(group).TrimEnd(), StringComparison.Ordinal);
    }

    private static void Kill(int process)
    {
        using var handle = ProcessHandle.Open(process);
        Assert.True(handle.TrySignal(9));
        Assert.True(handle.WaitEnded(TimeSpan.FromSeconds(10)));
    }
}
