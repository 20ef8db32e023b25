using Hearth.House;
using Hearth.Running;

namespace Hearth.Tests.House;

public sealed class SeatSwitchTests : IAsyncDisposable
{
    private readonly HouseFixture _fixture = new();
    private readonly Guest _desk;
    private readonly Guest _play;

    public SeatSwitchTests()
    {
        _desk = _fixture.AddGuest("desk");
        _play = _fixture.AddGuest("play");
        _fixture.House.Seats.Add(new Seat(0, "sofa") { Modes = new Dictionary<string, int> { ["learn"] = _play.Id } });
        _fixture.House.Seats.Add(new Seat(0, "table"));
    }

    private static CancellationToken End => TestContext.Current.CancellationToken;

    private FakeRuns Runs => _fixture.Runs;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Switch_bringsTheOtherFirstAndSavesWhatWasShown()
    {
        Assert.Equal(_desk.Id, (await SwitchAsync("desk")).Guest);
        Assert.Equal(_play.Id, (await SwitchAsync("LEARN")).Guest);

        // Nobody waits for the saving.
        Assert.True(SpinWait.SpinUntil(() => Runs.ConditionOf(_desk.Id).Phase == GuestPhase.Saved, TimeSpan.FromSeconds(30)));
        Assert.Equal([$"start {_desk.Id}", $"start {_play.Id}", $"save {_desk.Id}"], Runs.Asked);
        Assert.Equal((GuestPhase.Saved, GuestPhase.Running), (Runs.ConditionOf(_desk.Id).Phase, Runs.ConditionOf(_play.Id).Phase));
        Assert.Equal(2, _fixture.Events.Count(kind => kind == "seat.switched"));
    }

    [Fact]
    public async Task Switch_doesNotWaitForTheSaving()
    {
        var saving = new TaskCompletionSource();
        Runs.Holds[$"save {_desk.Id}"] = saving.Task;
        await SwitchAsync("desk");

        Assert.Equal(_play.Id, (await SwitchAsync("play")).Guest);

        // Back again, it has to.
        Task<Seat> back = SwitchAsync("desk");
        await Task.Delay(20, End);
        Assert.False(back.IsCompleted);
        saving.SetResult();
        Assert.Equal(_desk.Id, (await back).Guest);
        Assert.Equal(GuestPhase.Running, Runs.ConditionOf(_desk.Id).Phase);
    }

    [Fact]
    public async Task Switch_toWhatIsShown_doesNothing()
    {
        await SwitchAsync("desk");
        await SwitchAsync("desk");

        Assert.Equal([$"start {_desk.Id}"], Runs.Asked);
    }

    [Fact]
    public async Task Switch_toWhatIsShownAndHasEnded_bringsItBack()
    {
        await SwitchAsync("desk");
        await Runs.StopAsync(_desk.Id, TimeSpan.Zero, End);
        await SwitchAsync("desk");

        Assert.Equal(GuestPhase.Running, Runs.ConditionOf(_desk.Id).Phase);
    }

    [Fact]
    public async Task Switch_thatFails_keepsWhatIsShownAndSaysSo()
    {
        await SwitchAsync("desk");
        Runs.Failures[$"start {_play.Id}"] = new GuestRunException("its disk /play.qcow2 is gone");

        var error = await Assert.ThrowsAsync<HouseException>(() => SwitchAsync("play"));

        Assert.Equal((HouseFailure.Host, "play cannot come: its disk /play.qcow2 is gone; sofa still shows desk"), (error.Failure, error.Message));
        Assert.Equal(_desk.Id, _fixture.House.Seats.Require("sofa").Guest);
        Assert.Equal(GuestPhase.Running, Runs.ConditionOf(_desk.Id).Phase);
        Assert.Contains("seat.switch-failed", _fixture.Events);
    }

    [Fact]
    public async Task Switch_whoseSavingFails_leavesTheOldOneRunningAndSaysSo()
    {
        Runs.Failures[$"save {_desk.Id}"] = new GuestRunException("the disk is full");
        await SwitchAsync("desk");
        await SwitchAsync("play");

        const string Sentence = "desk could not be saved when sofa was switched, and runs on unseen: the disk is full";
        Assert.True(SpinWait.SpinUntil(() => _fixture.Store.Events.Last(10).Any(each => each.Sentence == Sentence), TimeSpan.FromSeconds(30)));
        Assert.Equal(GuestPhase.Running, Runs.ConditionOf(_desk.Id).Phase);
    }

    [Fact]
    public async Task Switch_toAGuestOfAnotherSeat_saysWhere()
    {
        await SwitchAsync("desk", "table");

        var error = await Assert.ThrowsAsync<HouseException>(() => SwitchAsync("desk"));

        Assert.Equal(HouseFailure.ShownElsewhere, error.Failure);
        Assert.StartsWith("desk is on the seat table: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Switch_ofTwoSeatsToOneGuestAtOnce_oneGetsIt()
    {
        var starting = new TaskCompletionSource();
        Runs.Holds[$"start {_desk.Id}"] = starting.Task;
        Task<Seat> first = SwitchAsync("desk");

        var error = await Assert.ThrowsAsync<HouseException>(() => SwitchAsync("desk", "table").WaitAsync(TimeSpan.FromSeconds(10), End));

        Assert.Equal(HouseFailure.ShownElsewhere, error.Failure);
        starting.SetResult();
        Assert.Equal("sofa", (await first).Name);
    }

    [Fact]
    public async Task Switch_severalOfOneSeatAtOnce_theLastOneWins()
    {
        Guest last = _fixture.AddGuest("last");
        var starting = new TaskCompletionSource();
        Runs.Holds[$"start {_desk.Id}"] = starting.Task;
        Task<Seat> first = SwitchAsync("desk");
        Task<Seat> second = SwitchAsync("play");
        Task<Seat> third = SwitchAsync("last");
        starting.SetResult();

        Assert.Equal(_desk.Id, (await first).Guest);
        Assert.Equal(HouseFailure.Superseded, (await Assert.ThrowsAsync<HouseException>(() => second)).Failure);
        Assert.Equal(last.Id, (await third).Guest);
        Assert.Equal(last.Id, _fixture.House.Seats.Require("sofa").Guest);
        Assert.DoesNotContain($"start {_play.Id}", Runs.Asked);
    }

    [Fact]
    public async Task Switch_toAGuestOfOthers_needsThePersonAndThePin()
    {
        Person mum = _fixture.House.Persons.Add("Mum", "1234");
        _fixture.House.Persons.Add("Child", null);
        Guest mail = _fixture.AddGuest("mail", mum.Id);

        Assert.Equal("mail is for Mum: say who you are with --person NAME", await RefusalAsync(null, null));
        Assert.Equal("mail is for Mum, and not for Child", await RefusalAsync("Child", null));
        Assert.Equal("Mum has a PIN, which has to be given", await RefusalAsync("Mum", null));
        Assert.Equal("that is not the PIN of Mum: try again", await RefusalAsync("Mum", "0000"));
        Assert.Empty(Runs.Asked);
        Assert.Equal(mail.Id, (await _fixture.House.SwitchAsync("sofa", "mail", "Mum", "1234", End)).Guest);
    }

    [Theory]
    [InlineData("sofa", "nobody", nameof(HouseFailure.GuestNotFound))]
    [InlineData("nowhere", "desk", nameof(HouseFailure.SeatNotFound))]
    public async Task Switch_ofWhatIsNotThere_saysSo(string seat, string to, string failure) =>
        Assert.Equal(failure, (await Assert.ThrowsAsync<HouseException>(() => SwitchAsync(to, seat))).Failure.ToString());

    private Task<Seat> SwitchAsync(string to, string seat = "sofa") => _fixture.House.SwitchAsync(seat, to, null, null, End);

    private async Task<string> RefusalAsync(string? person, string? pin) =>
        (await Assert.ThrowsAsync<HouseException>(() => _fixture.House.SwitchAsync("sofa", "mail", person, pin, End))).Message;
}
