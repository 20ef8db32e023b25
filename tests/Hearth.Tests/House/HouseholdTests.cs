using Hearth.House;
using Hearth.Running;

namespace Hearth.Tests.House;

public sealed class HouseholdTests : IAsyncDisposable
{
    private readonly HouseFixture _fixture = new();

    private static CancellationToken End => TestContext.Current.CancellationToken;

    private Household House => _fixture.House;

    private FakeRuns Runs => _fixture.Runs;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Open_bringsBackWhatSeatsShowedAndWhatStartsWithTheHouse()
    {
        Guest shown = _fixture.AddGuest("shown");
        Guest stopped = _fixture.AddGuest("stopped");
        Guest server = House.Guests.Change(_fixture.AddGuest("server").Name, guest => guest with { StartsWithHouse = true });
        Guest broken = House.Guests.Change(_fixture.AddGuest("broken").Name, guest => guest with { StartsWithHouse = true });
        House.Seats.Add(new Seat(0, "sofa") { Guest = shown.Id });
        House.Seats.Add(new Seat(0, "table") { Guest = stopped.Id });
        await Runs.SaveAsync(shown.Id, new SaveRequest(Stops: true), null, End);
        Runs.Failures[$"start {broken.Id}"] = new GuestRunException("no disk");

        await House.OpenAsync();

        Assert.Equal([GuestPhase.Running, GuestPhase.Stopped, GuestPhase.Running, GuestPhase.Stopped], new[] { shown, stopped, server, broken }.Select(guest => Runs.ConditionOf(guest.Id).Phase));
        Assert.Contains("broken did not start with the house: no disk", _fixture.Store.Events.Last(100).Select(each => each.Sentence));
    }

    [Fact]
    public async Task Close_savesEveryGuestThatRuns_andNothingStartsAnyMore()
    {
        Guest running = _fixture.AddGuest("running");
        Guest stopped = _fixture.AddGuest("stopped");
        await House.StartAsync(running, StartManner.GoOn, End);

        await House.CloseAsync(keepsGuests: false);

        Assert.Equal((GuestPhase.Saved, GuestPhase.Stopped), (Runs.ConditionOf(running.Id).Phase, Runs.ConditionOf(stopped.Id).Phase));
        Assert.Equal(HouseFailure.Closing, (await Assert.ThrowsAsync<HouseException>(() => House.StartAsync(stopped, StartManner.GoOn, End))).Failure);
    }

    [Fact]
    public async Task Close_keepingGuests_leavesThemRunning()
    {
        Guest running = _fixture.AddGuest("running");
        await House.StartAsync(running, StartManner.GoOn, End);

        await House.CloseAsync(keepsGuests: true);

        Assert.Equal(GuestPhase.Running, Runs.ConditionOf(running.Id).Phase);
    }

    [Fact]
    public async Task Close_withAGuestThatCannotBeSaved_staysOpenAndSaysWhatToDo()
    {
        Guest running = _fixture.AddGuest("running");
        await House.StartAsync(running, StartManner.GoOn, End);
        Runs.Failures[$"save {running.Id}"] = new GuestRunException("the disk is full");

        var error = await Assert.ThrowsAsync<HouseException>(() => House.CloseAsync(keepsGuests: false));

        Assert.Equal("running cannot be saved, so Hearth stays up: the disk is full; `hearth guest stop running` ends it, `hearth down --keep-guests` leaves it running", error.Message);
        await House.StartAsync(running, StartManner.GoOn, End);
    }

    [Fact]
    public void Guests_withAName_areThereOnce()
    {
        _fixture.AddGuest("Гра");

        var error = Assert.Throws<HouseException>(() => _fixture.AddGuest("гРА"));

        Assert.Equal((HouseFailure.NameTaken, "there is a guest Гра already: choose another name"), (error.Failure, error.Message));
        Assert.Equal(HouseFailure.GuestNotFound, Assert.Throws<HouseException>(() => House.Guests.Require("nobody")).Failure);
    }

    [Fact]
    public void Change_mayGiveAnotherName_butNotATakenOne()
    {
        Guest guest = _fixture.AddGuest("play");
        _fixture.AddGuest("desk");

        Assert.Equal(guest.Id, House.Guests.Change("play", each => each with { Name = "Play" }).Id);
        Assert.Equal(HouseFailure.NameTaken, Assert.Throws<HouseException>(() => House.Guests.Change("Play", each => each with { Name = "desk" })).Failure);
        Assert.Equal("Play", House.Guests.Require("play").Name);
    }

    [Fact]
    public async Task Remove_takesTheGuestFromSeatsAndModes()
    {
        Guest play = _fixture.AddGuest("play");
        House.Seats.Add(new Seat(0, "sofa") { Guest = play.Id, Modes = new Dictionary<string, int> { ["learn"] = play.Id } });

        await House.Guests.RemoveAsync("play", End);

        Seat seat = House.Seats.Require("sofa");
        Assert.Null(seat.Guest);
        Assert.Empty(seat.Modes);
        Assert.Empty(House.Guests.All());
        Assert.Equal([$"remove {play.Id}"], Runs.Asked);
    }

    [Fact]
    public async Task Remove_aRunningGuest_isRefused()
    {
        Guest play = _fixture.AddGuest("play");
        await House.StartAsync(play, StartManner.GoOn, End);

        var error = await Assert.ThrowsAsync<HouseException>(() => House.Guests.RemoveAsync("play", End));

        Assert.Equal((HouseFailure.WrongPhase, "play is running: stop it first with `hearth guest stop play`"), (error.Failure, error.Message));
    }

    [Fact]
    public async Task Clone_thatFails_leavesNoGuest()
    {
        Guest play = _fixture.AddGuest("play");
        Runs.Failures[$"clone-{play.Id + 1} {play.Id}"] = new GuestRunException("no space", GuestRunFailure.Host);

        await Assert.ThrowsAsync<HouseException>(() => House.Guests.CloneAsync("play", "copy", null, End));

        Assert.Equal("play", Assert.Single(House.Guests.All()).Name);
        Assert.Equal("copy2", (await House.Guests.CloneAsync("play", "copy2", null, End)).Name);
    }

    [Fact]
    public async Task Restart_stopsWhatRunsAndBoots()
    {
        Guest play = _fixture.AddGuest("play");
        await House.StartAsync(play, StartManner.GoOn, End);
        await House.RestartAsync(play, TimeSpan.FromSeconds(1), End);

        Assert.Equal(["start 1", "stop 1", "boot 1"], Runs.Asked);
    }

    [Fact]
    public async Task Rewind_goesToTheStateAndKeepsThePresent()
    {
        Guest play = _fixture.AddGuest("play");
        Runs.AddState(play.Id, _fixture.Clock.GetUtcNow() - TimeSpan.FromSeconds(30));

        Assert.Equal(1, (await House.RewindAsync(play, "20s", null, End)).Id);

        Assert.Equal(["restore-1-keep 1"], Runs.Asked);
        Assert.Contains("state.restored", _fixture.Events);
    }

    [Fact]
    public async Task Restore_withoutAState_saysHowToMakeOne()
    {
        Guest play = _fixture.AddGuest("play");

        var error = await Assert.ThrowsAsync<HouseException>(() => House.RestoreAsync(play, null, false, null, End));

        Assert.Equal("play has no saved state: `hearth guest save play` makes one", error.Message);
    }

    [Fact]
    public async Task WhatGuestsDo_isWrittenDown()
    {
        Guest play = _fixture.AddGuest("play");
        await House.StartAsync(play, StartManner.GoOn, End);
        await House.SaveAsync(play, new SaveRequest("before the boss"), null, End);
        await _fixture.ReopenAsync();

        Assert.Equal(["guest.added", "guest.running", "state.saved"], _fixture.Events);
        Assert.Equal("play was saved as before the boss: state 1", _fixture.Store.Events.Last(1)[0].Sentence);
    }
}
