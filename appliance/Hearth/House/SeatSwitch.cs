using System.Collections.Concurrent;
using Hearth.Running;
using Hearth.Store;

namespace Hearth.House;

/// <summary>Changes what seats show: the guest that comes is brought up first, the one that goes is saved behind it.</summary>
internal sealed class SeatSwitch(HouseStore store, SeatRegister seats, PersonRegister persons, IGuestRuns runs) : IDisposable
{
    private readonly ConcurrentDictionary<int, SeatTurn> _turns = new();

    // By guest, the seat that is on its way to it: two seats must not come to the same guest at once.
    private readonly ConcurrentDictionary<int, int> _coming = new();

    // By guest, its saving behind a switch: it cannot come back before that is over.
    private readonly ConcurrentDictionary<int, Task> _going = new();

    /// <summary>Shows a guest at a seat.</summary>
    /// <param name="to">A mode of the seat, or a guest.</param>
    /// <param name="person">Who asks; null for somebody who does not say.</param>
    /// <returns>The seat, once the guest is there.</returns>
    /// <exception cref="HouseException">It cannot be, and the seat shows what it showed.</exception>
    public async Task<Seat> SwitchAsync(string seat, string to, string? person, string? pin, CancellationToken cancellation)
    {
        Seat asked = seats.Require(seat);
        Guest guest = seats.Resolve(asked, to);
        RequireAllowed(guest, person, pin);
        SeatTurn turn = _turns.GetOrAdd(asked.Id, _ => new SeatTurn());
        bool isLast = await turn.TakeAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (!isLast)
                throw new HouseException(HouseFailure.Superseded, $"{asked.Name} was switched again meanwhile: the last one counts");

            // Not to be cancelled from here on: a seat is switched or it is not.
            return await BringAsync(seats.Require(asked.Name), guest).ConfigureAwait(false);
        }
        finally
        {
            turn.GiveBack();
        }
    }

    /// <summary>Waits until everything that goes is saved.</summary>
    public async Task FinishAsync() => await Task.WhenAll(_going.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    public void Dispose()
    {
        foreach (SeatTurn turn in _turns.Values)
            turn.Dispose();
    }

    private async Task<Seat> BringAsync(Seat seat, Guest guest)
    {
        if (_coming.GetOrAdd(guest.Id, seat.Id) is var other && other != seat.Id)
            throw SeatRegister.Elsewhere(guest, store.Seats.Find(other)?.Name ?? "that comes to it");
        try
        {
            seats.RequireElsewhereNot(guest, seat.Id);
            await BringUpAsync(seat, guest).ConfigureAwait(false);
            if (seat.Guest == guest.Id)
                return seat;
            return Replace(seat, guest);
        }
        finally
        {
            _coming.TryRemove(guest.Id, out _);
        }
    }

    private Seat Replace(Seat seat, Guest guest)
    {
        // First, so that another seat which comes to the one that goes waits until it is saved.
        var isReplaced = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (seat.Guest is { } before)
            _going[before] = SaveBehindAsync(before, seat, isReplaced.Task);
        try
        {
            Seat switched = seat with { Guest = guest.Id };
            store.Together(() =>
            {
                store.Seats.Replace(switched);
                store.Events.Add("seat.switched", $"{seat.Name} shows {guest.Name}", guest.Id, seat.Id);
            });
            isReplaced.SetResult(true);
            return switched;
        }
        finally
        {
            _ = isReplaced.TrySetResult(false);
        }
    }

    private async Task BringUpAsync(Seat seat, Guest guest)
    {
        if (_going.TryRemove(guest.Id, out Task? saving))
            await saving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await RunFailure.AskAsync(() => runs.ConditionOf(guest.Id).Phase switch
            {
                GuestPhase.Running => Task.CompletedTask,
                GuestPhase.Paused => runs.ResumeAsync(guest.Id, CancellationToken.None),
                _ => runs.StartAsync(guest.Id, StartManner.GoOn, CancellationToken.None),
            }).ConfigureAwait(false);
        }
        catch (HouseException error)
        {
            string shown = seat.Guest is { } old && old != guest.Id ? $"{seat.Name} still shows {NameOf(old)}" : $"{seat.Name} shows nothing";
            store.Events.Add("seat.switch-failed", $"{guest.Name} did not come to {seat.Name}: {error.Message}", guest.Id, seat.Id);
            throw new HouseException(error.Failure, $"{guest.Name} cannot come: {error.Message}; {shown}", error);
        }
    }

    /// <param name="isReplaced">The seat shows another one now; false where it does not after all.</param>
    private async Task SaveBehindAsync(int guest, Seat seat, Task<bool> isReplaced)
    {
        if (!await isReplaced.ConfigureAwait(false) || runs.ConditionOf(guest).Phase is not (GuestPhase.Running or GuestPhase.Paused or GuestPhase.Starting or GuestPhase.Restoring))
            return;
        try
        {
            _ = await runs.SaveAsync(guest, new SaveRequest(Stops: true), null, CancellationToken.None).ConfigureAwait(false);
        }
        catch (GuestRunException error)
        {
            store.Events.Add("seat.save-failed", $"{NameOf(guest)} could not be saved when {seat.Name} was switched, and runs on unseen: {error.Message}", guest, seat.Id);
        }
    }

    private void RequireAllowed(Guest guest, string? person, string? pin)
    {
        Person? known = person is null ? null : persons.Authenticate(person, pin);
        if (guest.Definition.Persons.Count == 0 || (known is not null && guest.Definition.Persons.Contains(known.Id)))
            return;
        string who = string.Join(", ", guest.Definition.Persons.Select(id => store.Persons.Find(id)?.Name).OfType<string>());
        throw new HouseException(HouseFailure.NotAllowed, known is null
            ? $"{guest.Name} is for {who}: say who you are with --person NAME"
            : $"{guest.Name} is for {who}, and not for {known.Name}");
    }

    private string NameOf(int guest) => store.Guests.Find(guest)?.Name ?? "a guest that was removed";
}
