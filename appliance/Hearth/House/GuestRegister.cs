using Hearth.Running;
using Hearth.Store;

namespace Hearth.House;

/// <summary>Which guests the house has, and what they are.</summary>
internal sealed class GuestRegister(HouseStore store, IGuestRuns runs, TimeProvider clock)
{
    public IReadOnlyList<Guest> All() => store.Guests.All();

    /// <exception cref="HouseException">There is none of this name.</exception>
    public Guest Require(string name) => All().FirstOrDefault(guest => HouseName.Comparer.Equals(guest.Name, name))
        ?? throw new HouseException(HouseFailure.GuestNotFound, $"there is no guest {name}: `hearth guest list` shows those there are");

    /// <exception cref="HouseException">It makes no sense, or another guest has its name.</exception>
    public Guest Add(GuestDefinition definition)
    {
        _ = GuestRules.Require(definition);
        Guest? added = null;
        store.Together(() =>
        {
            RequireFree(definition.Name, null);
            added = store.Guests.Add(new Guest(0, definition, clock.GetUtcNow()));
            store.Events.Add("guest.added", $"{added.Name} is a guest of the house", added.Id);
        });
        return added!;
    }

    /// <summary>Changes what a guest is. A running one goes on as it was started.</summary>
    public Guest Change(string name, Func<GuestDefinition, GuestDefinition> change)
    {
        Guest? changed = null;
        store.Together(() =>
        {
            Guest guest = Require(name);
            changed = guest with { Definition = GuestRules.Require(change(guest.Definition)) };
            RequireFree(changed.Name, guest.Id);
            store.Guests.Replace(changed);
            store.Events.Add("guest.changed", changed.Name == guest.Name ? $"{guest.Name} was changed" : $"{guest.Name} is called {changed.Name} now", guest.Id);
        });
        return changed!;
    }

    /// <summary>Takes a guest out of the house, with its saved states and the disks that were made for it, and out of every seat.</summary>
    /// <exception cref="HouseException">It runs.</exception>
    public async Task RemoveAsync(string name, CancellationToken cancellation)
    {
        Guest guest = Require(name);
        if (runs.ConditionOf(guest.Id).Phase is not (GuestPhase.Stopped or GuestPhase.Saved or GuestPhase.Crashed))
            throw new HouseException(HouseFailure.WrongPhase, $"{guest.Name} is running: stop it first with `hearth guest stop {guest.Name}`");
        await RunFailure.AskAsync(() => runs.RemoveAsync(guest.Id, cancellation)).ConfigureAwait(false);
        store.Together(() =>
        {
            foreach (Seat seat in store.Seats.All().Where(seat => seat.Guest == guest.Id || seat.Modes.Values.Contains(guest.Id)))
            {
                store.Seats.Replace(seat with
                {
                    Guest = seat.Guest == guest.Id ? null : seat.Guest,
                    Modes = seat.Modes.Where(mode => mode.Value != guest.Id).ToDictionary(HouseName.Comparer),
                });
            }

            _ = store.Guests.Remove(guest.Id);
            store.Events.Add("guest.removed", $"{guest.Name} was removed", guest.Id);
        });
    }

    /// <summary>Makes a new guest of another: its settings, disks and states, or what it was in one state. Its vsock socket stays with the first.</summary>
    public async Task<Guest> CloneAsync(string name, string newName, long? state, CancellationToken cancellation)
    {
        Guest from = Require(name);
        Guest to = Add(from.Definition with { Name = newName, Vsock = null, StartsWithHouse = false });
        try
        {
            await RunFailure.AskAsync(() => runs.CloneAsync(from.Id, to.Id, state, cancellation)).ConfigureAwait(false);
        }
        catch
        {
            _ = store.Guests.Remove(to.Id);
            throw;
        }

        return store.Guests.Find(to.Id) ?? to;
    }

    private void RequireFree(string name, int? except)
    {
        if (All().FirstOrDefault(guest => guest.Id != except && HouseName.Comparer.Equals(guest.Name, name)) is { } other)
            throw new HouseException(HouseFailure.NameTaken, $"there is a guest {other.Name} already: choose another name");
    }
}
