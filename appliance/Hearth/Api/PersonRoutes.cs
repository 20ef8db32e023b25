using Hearth.Api.Messages;
using Hearth.House;

namespace Hearth.Api;

/// <summary>What can be asked of persons. Whoever reaches the socket is the one who looks after the house: a PIN is only asked for at a seat.</summary>
internal sealed class PersonRoutes(Household house, TimeProvider clock)
{
    private const string One = "/v1/persons/{person}";

    public IEnumerable<Route> All()
    {
        ApiContext json = ApiJson.Daemon;
        yield return Route.Get("/v1/persons", "The persons.", json.PersonMessageArray, _ => house.Persons.All().Select(Of).ToArray());
        yield return Route.Create("/v1/persons", "Adds a person.", json.PersonSettings, json.PersonMessage, Add);
        yield return Route.Get(One, "A person.", json.PersonMessage, call => Of(house.Persons.Require(call.Text("person"))));
        yield return Route.Do("DELETE", One, "Removes a person, also from the guests that it may use.", call =>
        {
            house.Persons.Remove(call.Text("person"));
            return Task.CompletedTask;
        });
        yield return Route.Ask("PUT", $"{One}/pin", "Gives a person another PIN, or none. Wrong tries are forgotten.", json.PinSettings, json.PersonMessage, (call, body) =>
            Task.FromResult(Of(house.Persons.SetPin(call.Text("person"), body.Pin))));
        yield return Route.Ask("POST", $"{One}/check", "Whether a PIN is right. A wrong one counts.", json.PinSettings, json.PersonMessage, (call, body) =>
            Task.FromResult(Of(house.Persons.Authenticate(call.Text("person"), body.Pin))));
    }

    private Task<PersonMessage> Add(ApiCall call, PersonSettings settings)
    {
        Person added = house.Persons.Add(settings.Name ?? "", settings.Pin);
        call.Context.Response.Headers.Location = $"/v1/persons/{ApiClient.Part(added.Name)}";
        return Task.FromResult(Of(added));
    }

    private PersonMessage Of(Person person) => HouseView.Of(person, clock.GetUtcNow());
}
