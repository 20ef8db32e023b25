using Hearth.Boot.Tests;
using Hearth.House;
using Hearth.Running;
using Hearth.Store;
using Hearth.Supervisor.Tests.Soak;

namespace Hearth.Supervisor.Tests;

public sealed class SavingTests
{
    // Longer than saves take beside other tests.
    private const int Rounds = 300;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guest_thatWorks_boots_andSwitchesItselfOff()
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", ChecksumChain.Script(2));

        string console = await house.StartAsync(guest, "sums=");
        GuestCondition ended = await house.WaitAsync(guest, GuestPhase.Stopped);

        Assert.Contains($"sums={ChecksumChain.Sum(2)}", console, StringComparison.Ordinal);
        Assert.Equal("the guest switched itself off", ended.Sentence);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Guest_savedAtWork_goesOn_andAgainFromItsState(int cpus)
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", ChecksumChain.Script(Rounds), definition => definition with { Cpus = cpus });
        await house.StartAsync(guest, "round 2 on 0");

        SavedStateRecord first = await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        SavedStateRecord second = await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        string afterwards = await house.ReadUntilAsync(guest, "sums=");
        await house.WaitAsync(guest, GuestPhase.Stopped);
        await house.Runs.RestoreAsync(guest, first.Id, keepsPresent: false, null, Cancellation);
        string again = await house.ReadUntilAsync(guest, "sums=");
        await house.WaitAsync(guest, GuestPhase.Stopped);
        await house.Runs.RestoreAsync(guest, second.Id, keepsPresent: false, null, Cancellation);
        string third = await house.ReadUntilAsync(guest, "sums=");

        Assert.All([afterwards, again, third], text => Assert.Contains($"sums={ChecksumChain.Sum(Rounds)}", text, StringComparison.Ordinal));
        Assert.DoesNotContain("Linux version", again, StringComparison.Ordinal);
        Assert.True(second.NewBytes < first.NewBytes, $"{second} after {first}");
        TestContext.Current.SendDiagnosticMessage($"{first}\n{second}");
    }

    [Fact]
    public async Task Restore_thatKeepsWhatIsNow_tellsHowFarItIs()
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", ChecksumChain.Script(Rounds));
        await house.StartAsync(guest, "round 2 on 0");
        SavedStateRecord state = await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        var told = new List<double>();

        await house.Runs.RestoreAsync(guest, state.Id, keepsPresent: true, new InstantProgress(told.Add), Cancellation);

        Assert.Equal(told.Order(), told);
        Assert.Contains(told, share => share is > 0 and < 0.5);
        Assert.Equal(0.5, told.Last(share => share <= 0.5));
        Assert.Contains(told, share => share > 0.5);
    }

    /// <summary>The process that was is gone by then: what it was doing is not.</summary>
    [Fact]
    public async Task Restore_thatCannotStart_leavesTheGuestAsItWasBeforeGoingBack()
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", ChecksumChain.Script(Rounds));
        await house.StartAsync(guest, "round 2 on 0");
        SavedStateRecord state = await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        await house.ReadUntilAsync(guest, "round 9 on 0");
        string socket = new GuestPlaces(house.Home).ControlSocket(guest);
        File.Delete(socket);
        Directory.CreateDirectory(socket);

        await Assert.ThrowsAsync<GuestRunException>(() => house.Runs.RestoreAsync(guest, state.Id, keepsPresent: true, null, Cancellation));
        GuestCondition refused = house.Runs.ConditionOf(guest);
        Directory.Delete(socket);
        await house.Runs.StartAsync(guest, StartManner.GoOn, Cancellation);
        string again = await house.ReadUntilAsync(guest, "sums=");

        Assert.Equal(GuestPhase.Saved, refused.Phase);
        Assert.Contains($"sums={ChecksumChain.Sum(Rounds)}", again, StringComparison.Ordinal);
        Assert.DoesNotContain("Linux version", again, StringComparison.Ordinal);
        Assert.DoesNotContain("round 9 on 0", again, StringComparison.Ordinal);
    }

    [Fact]
    public async Task State_thatARunningGuestAloneCouldComeBackTo_isNotGivenUp()
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", ChecksumChain.Script(Rounds));
        await house.StartAsync(guest, "round 2 on 0");
        SavedStateRecord first = await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);

        GuestRunException refused = await Assert.ThrowsAsync<GuestRunException>(() => house.Runs.DeleteStateAsync(guest, first.Id, Cancellation));
        SavedStateRecord second = await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        await house.Runs.DeleteStateAsync(guest, first.Id, Cancellation);

        Assert.Equal(GuestRunFailure.WrongPhase, refused.Failure);
        Assert.Equal([second.Id], house.Runs.StatesOf(guest).Select(state => state.Id));
    }

    /// <summary>What is changed counts for the next boot: until then its system finds what it found when it booted, also when it comes back from a state that was saved after the change.</summary>
    [Fact]
    public async Task Guest_changedAfterItWasSaved_goesOnAsItWas_andBootsAsItIs()
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", ChecksumChain.Script(Rounds));
        await house.StartAsync(guest, "round 2 on 0");
        await house.Runs.SaveAsync(guest, new SaveRequest(Stops: true), null, Cancellation);
        Guest record = house.Store.Guests.Find(guest)!;
        house.Store.Guests.Replace(record with { Definition = record.Definition with { Name = "other", Memory = "768M", Cpus = 2, CpuModel = "x86-64-v2", Vga = "std" } });

        await house.Runs.StartAsync(guest, StartManner.GoOn, Cancellation);
        string goneOn = await house.ReadUntilAsync(guest, "round ");
        SavedStateRecord later = await house.Runs.SaveAsync(guest, new SaveRequest(), null, Cancellation);
        await house.ReopenAsync();
        await house.Runs.RestoreAsync(guest, later.Id, keepsPresent: false, null, Cancellation);
        string restored = await house.ReadUntilAsync(guest, "round ");
        await house.Runs.StopAsync(guest, TimeSpan.Zero, Cancellation);
        await house.Runs.StartAsync(guest, StartManner.GoOn, Cancellation);
        string booted = await house.ReadUntilAsync(guest, "round 1");

        Assert.DoesNotContain("Linux version", goneOn + restored, StringComparison.Ordinal);
        Assert.Equal(512L << 20, later.Memory);
        Assert.Contains("Brought up 1 node, 2 CPUs", booted, StringComparison.Ordinal);
    }

    /// <summary>States of earlier versions: a difference that the guest cannot go on with is named.</summary>
    [Fact]
    public async Task State_thatKnowsNothingOfItsMachine_saysWhatDoesNotFit()
    {
        await using var house = new TestHouse();
        int guest = house.Add("one", ChecksumChain.Script(Rounds));
        await house.StartAsync(guest, "round 2 on 0");
        SavedStateRecord state = await house.Runs.SaveAsync(guest, new SaveRequest(Stops: true), null, Cancellation);
        StoredState stored = house.Store.States.Find(state.Id)!;
        house.Store.States.Put(stored with { Details = RunningJson.Write(RunningJson.ReadDetails(stored.Details)! with { Machine = null }) });
        Guest record = house.Store.Guests.Find(guest)!;
        house.Store.Guests.Replace(record with { Definition = record.Definition with { Memory = "768M", Cpus = 2 } });

        GuestRunException refused = await Assert.ThrowsAsync<GuestRunException>(() => house.Runs.RestoreAsync(guest, state.Id, keepsPresent: false, null, Cancellation));
        house.Store.Guests.Replace(record with { Definition = record.Definition with { Memory = "768M" } });
        await house.Runs.StartAsync(guest, StartManner.GoOn, Cancellation);
        string goneOn = await house.ReadUntilAsync(guest, "round ");

        Assert.Equal("the guest was saved with 1 vCPUs and cannot go on with 2", refused.Message);
        Assert.DoesNotContain("Linux version", goneOn, StringComparison.Ordinal);
    }
}
