using Hearth.Store;

namespace Hearth.House;

/// <summary>Which seats the house has, and what belongs to them.</summary>
internal sealed class SeatRegister(HouseStore store, GuestRegister guests)
{
    public IReadOnlyList<Seat> All() => store.Seats.All();

    /// <summary>The seat that shows a guest; null for none.</summary>
    public Seat? Showing(int guest) => All().FirstOrDefault(seat => seat.Guest == guest);

    /// <exception cref="HouseException">There is none of this name.</exception>
    public Seat Require(string name) => All().FirstOrDefault(seat => HouseName.Comparer.Equals(seat.Name, name))
        ?? throw new HouseException(HouseFailure.SeatNotFound, $"there is no seat {name}: `hearth seat list` shows those there are");

    /// <exception cref="HouseException">It makes no sense, or another seat has its name.</exception>
    public Seat Add(Seat seat)
    {
        Seat? added = null;
        store.Together(() =>
        {
            RequireSense(seat, null);
            added = store.Seats.Add(seat);
            store.Events.Add("seat.added", $"there is a seat {added.Name}", added.Guest, added.Id);
        });
        return added!;
    }

    /// <summary>Changes a seat. Of guests nothing is started or saved by it; <see cref="SeatSwitch"/> does that.</summary>
    public Seat Change(string name, Func<Seat, Seat> change)
    {
        Seat? changed = null;
        store.Together(() =>
        {
            Seat seat = Require(name);
            changed = change(seat);
            RequireSense(changed, seat.Id);
            store.Seats.Replace(changed);
            store.Events.Add("seat.changed", $"{changed.Name} was changed", changed.Guest, changed.Id);
        });
        return changed!;
    }

    /// <summary>Takes a seat away. What it showed runs on.</summary>
    public void Remove(string name) => store.Together(() =>
    {
        Seat seat = Require(name);
        _ = store.Seats.Remove(seat.Id);
        store.Events.Add("seat.removed", $"there is no seat {seat.Name} any more", seat.Guest, seat.Id);
    });

    /// <summary>A seat's guest by the name of a mode, which goes first, or by its own.</summary>
    public Guest Resolve(Seat seat, string modeOrGuest)
    {
        if (seat.Modes.TryGetValue(modeOrGuest, out int id) && store.Guests.Find(id) is { } guest)
            return guest;
        return guests.All().FirstOrDefault(each => HouseName.Comparer.Equals(each.Name, modeOrGuest))
            ?? throw new HouseException(HouseFailure.GuestNotFound, $"{modeOrGuest} is neither a mode of {seat.Name} nor a guest: `hearth seat show {seat.Name}` and `hearth guest list` tell which there are");
    }

    /// <exception cref="HouseException">The guest is on another seat.</exception>
    public void RequireElsewhereNot(Guest guest, int seat)
    {
        if (Showing(guest.Id) is { } other && other.Id != seat)
            throw Elsewhere(guest, other.Name);
    }

    public static HouseException Elsewhere(Guest guest, string seat) => new(
        HouseFailure.ShownElsewhere, $"{guest.Name} is on the seat {seat}: switch that one to something else first, with `hearth seat switch {seat} GUEST`");

    private void RequireSense(Seat seat, int? except)
    {
        _ = HouseName.Require("seat", seat.Name);
        if (All().FirstOrDefault(other => other.Id != except && HouseName.Comparer.Equals(other.Name, seat.Name)) is { } same)
            throw new HouseException(HouseFailure.NameTaken, $"there is a seat {same.Name} already: choose another name");
        foreach (string mode in seat.Modes.Keys)
            _ = HouseName.Require("mode", mode);
        if (seat.Guest is { } shown && store.Guests.Find(shown) is { } guest)
            RequireElsewhereNot(guest, seat.Id);
    }
}
