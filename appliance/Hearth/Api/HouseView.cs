using Hearth.Api.Messages;
using Hearth.House;
using Hearth.Running;

namespace Hearth.Api;

/// <summary>The house as the API tells of it: by names.</summary>
internal sealed class HouseView(Household house)
{
    public GuestMessage Of(Guest guest)
    {
        GuestCondition condition = house.Runs.ConditionOf(guest.Id);
        Dictionary<int, string> persons = house.Persons.All().ToDictionary(person => person.Id, person => person.Name);
        return new GuestMessage(
            guest.Id,
            guest.Name,
            NameOf(condition.Phase),
            condition.Since,
            condition.Sentence,
            condition.ProcessId,
            condition.Engine,
            house.Seats.Showing(guest.Id)?.Name,
            condition.LastState is { } state ? StateMessage.Of(state) : null,
            GuestSettings.Of(guest.Definition, persons.GetValueOrDefault));
    }

    public SeatMessage Of(Seat seat)
    {
        Dictionary<int, string> guests = house.Guests.All().ToDictionary(guest => guest.Id, guest => guest.Name);
        return new SeatMessage(
            seat.Id,
            seat.Name,
            seat.Guest is { } shown ? guests.GetValueOrDefault(shown) : null,
            seat.Guest is { } guest ? NameOf(house.Runs.ConditionOf(guest).Phase) : null,
            seat.Modes.Where(mode => guests.ContainsKey(mode.Value)).ToDictionary(mode => mode.Key, mode => guests[mode.Value]),
            seat.Outputs,
            seat.Inputs,
            seat.Sound);
    }

    public static PersonMessage Of(Person person, DateTimeOffset now)
    {
        TimeSpan wait = PinPatience.Left(person, now);
        return new PersonMessage(person.Id, person.Name, person.Pin is not null, wait > TimeSpan.Zero ? wait.TotalSeconds : null);
    }

    private static string NameOf(GuestPhase phase) => phase.ToString().ToLowerInvariant();
}
