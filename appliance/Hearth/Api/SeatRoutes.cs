using Hearth.Api.Messages;
using Hearth.House;

namespace Hearth.Api;

/// <summary>What can be asked of seats.</summary>
internal sealed class SeatRoutes(Household house, HouseView view)
{
    private const string One = "/v1/seats/{seat}";

    public IEnumerable<Route> All()
    {
        ApiContext json = ApiJson.Daemon;
        yield return Route.Get("/v1/seats", "The seats.", json.SeatMessageArray, _ => house.Seats.All().Select(view.Of).ToArray());
        yield return Route.Create("/v1/seats", "Adds a seat.", json.SeatSettings, json.SeatMessage, Add);
        yield return Route.Get(One, "A seat.", json.SeatMessage, call => view.Of(house.Seats.Require(call.Text("seat"))));
        yield return Route.Ask("PATCH", One, "Changes a seat. What it shows is only noted: no guest is started or saved.", json.SeatSettings, json.SeatMessage, (call, body) =>
            Task.FromResult(view.Of(house.Seats.Change(call.Text("seat"), seat => Apply(body, seat)))));
        yield return Route.Do("DELETE", One, "Takes a seat away. The guest that it shows runs on.", call =>
        {
            house.Seats.Remove(call.Text("seat"));
            return Task.CompletedTask;
        });
        yield return Route.Ask("POST", $"{One}/switch", "Shows a guest at a seat, and saves the one that was shown behind it.", json.SwitchRequest, json.SeatMessage, SwitchAsync);
    }

    private Task<SeatMessage> Add(ApiCall call, SeatSettings settings)
    {
        Seat added = house.Seats.Add(Apply(settings, new Seat(0, "")));
        call.Context.Response.Headers.Location = $"/v1/seats/{ApiClient.Part(added.Name)}";
        return Task.FromResult(view.Of(added));
    }

    private async Task<SeatMessage> SwitchAsync(ApiCall call, SwitchRequest body)
    {
        if (string.IsNullOrEmpty(body.To))
            throw new HouseException(HouseFailure.Invalid, "the request does not say what to show: \"to\" is a mode of the seat, or a guest");
        return view.Of(await house.SwitchAsync(call.Text("seat"), body.To, body.Person, body.Pin, call.Gone).ConfigureAwait(false));
    }

    private Seat Apply(SeatSettings settings, Seat before) => before with
    {
        Name = settings.Name ?? before.Name,
        Outputs = settings.Outputs ?? before.Outputs,
        Inputs = settings.Inputs ?? before.Inputs,
        Sound = settings.Sound switch { null => before.Sound, "" => null, var card => card },
        Guest = settings.Guest switch { null => before.Guest, "" => null, var guest => house.Guests.Require(guest).Id },
        Modes = settings.Modes is { } modes ? Apply(modes, before.Modes) : before.Modes,
    };

    private Dictionary<string, int> Apply(IReadOnlyDictionary<string, string> modes, IReadOnlyDictionary<string, int> before)
    {
        var after = new Dictionary<string, int>(before, HouseName.Comparer);
        foreach ((string mode, string guest) in modes)
        {
            if (guest.Length == 0)
                _ = after.Remove(mode);
            else
                after[mode] = house.Guests.Require(guest).Id;
        }

        return after;
    }
}
