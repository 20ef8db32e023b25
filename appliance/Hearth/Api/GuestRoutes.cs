using System.Text.Json.Serialization.Metadata;
using Hearth.Api.Messages;
using Hearth.House;
using Hearth.Running;
using Microsoft.AspNetCore.Http;

namespace Hearth.Api;

/// <summary>What can be asked of guests.</summary>
internal sealed class GuestRoutes(Household house, HouseView view)
{
    private const string One = "/v1/guests/{guest}";

    /// <summary>How long a guest may take to follow its power button unless told otherwise: systems write everything to their disks first.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    public IEnumerable<Route> All()
    {
        ApiContext json = ApiJson.Daemon;
        yield return Route.Get("/v1/guests", "The guests.", json.GuestMessageArray, _ => house.Guests.All().Select(view.Of).ToArray());
        yield return Route.Create("/v1/guests", "Brings a guest into the house.", json.GuestSettings, json.GuestMessage, Add);
        yield return Route.Get(One, "A guest.", json.GuestMessage, call => view.Of(GuestOf(call)));
        yield return Route.Ask("PATCH", One, "Changes what a guest is. One that runs goes on as it was started.", json.GuestSettings, json.GuestMessage, Change);
        yield return Route.Do("DELETE", One, "Removes a guest that does not run, with its saved states and the disks that were made for it.", call => house.Guests.RemoveAsync(call.Text("guest"), call.Gone));
        yield return Long("start", "Starts a guest: it goes on where it was saved, or boots.", json.StartRequest, (call, body, guest) =>
            house.StartAsync(guest, body.Boot ? StartManner.Boot : StartManner.GoOn, call.Gone));
        yield return Long("stop", "Presses a guest's power button and, where it does not follow, switches it off.", json.StopRequest, (call, body, guest) => house.StopAsync(guest, PatienceOf(body), call.Gone));
        yield return Long("restart", "Stops a guest and boots it.", json.StopRequest, (call, body, guest) => house.RestartAsync(guest, PatienceOf(body), call.Gone));
        yield return Long("pause", "Holds a guest's processors.", json.StartRequest, (call, _, guest) => house.PauseAsync(guest, call.Gone)) with { Takes = null };
        yield return Long("resume", "Lets them go on.", json.StartRequest, (call, _, guest) => house.ResumeAsync(guest, call.Gone)) with { Takes = null };
        yield return Route.Long($"{One}/clone", "Makes a new guest of a guest that is stopped, or of one of its states.", json.CloneRequest, json.GuestMessage, json.LongAnswerGuestMessage, CloneAsync);
        yield return new Route("GET", $"{One}/screenshot", "A guest's screen: as it is, or as it was when it was saved last.", ScreenshotAsync) { GivesType = "image/png" };
        yield return new Route("GET", $"{One}/console", $"A guest's first serial port, as a stream of bytes: to be asked for with Upgrade: {ApiClient.ConsoleProtocol}.", call => ConsoleStream.ServeAsync(call, house, GuestOf(call)))
        {
            GivesType = ApiClient.ConsoleProtocol,
            Status = StatusCodes.Status101SwitchingProtocols,
        };
    }

    private Route Long<TBody>(string verb, string summary, JsonTypeInfo<TBody> takes, Func<ApiCall, TBody, Guest, Task> act) =>
        Route.Long($"{One}/{verb}", summary, takes, ApiJson.Daemon.GuestMessage, ApiJson.Daemon.LongAnswerGuestMessage, async (call, body, _) =>
        {
            Guest guest = GuestOf(call);
            await act(call, body, guest).ConfigureAwait(false);
            return view.Of(guest);
        });

    private Task<GuestMessage> Add(ApiCall call, GuestSettings settings)
    {
        Guest added = house.Guests.Add(settings.ApplyTo(new GuestDefinition { Name = "" }, IdOf));
        call.Context.Response.Headers.Location = $"/v1/guests/{ApiClient.Part(added.Name)}";
        return Task.FromResult(view.Of(added));
    }

    private Task<GuestMessage> Change(ApiCall call, GuestSettings settings) =>
        Task.FromResult(view.Of(house.Guests.Change(call.Text("guest"), before => settings.ApplyTo(before, IdOf))));

    private async Task<GuestMessage> CloneAsync(ApiCall call, CloneRequest body, IProgress<double>? progress) =>
        view.Of(await house.Guests.CloneAsync(call.Text("guest"), body.Name ?? "", body.State, call.Gone).ConfigureAwait(false));

    private async Task ScreenshotAsync(ApiCall call)
    {
        Guest guest = GuestOf(call);
        byte[]? picture = await RunFailure.AskAsync(() => house.Runs.ScreenshotAsync(guest.Id, call.Gone)).ConfigureAwait(false);
        string missing = guest.Definition.Vga == "none"
            ? $"{guest.Name} has no graphics card to make a picture of: `hearth guest edit {guest.Name} --vga std` gives it one when it boots the next time"
            : house.Runs.ConditionOf(guest.Id).ProcessId is not null
                ? $"{guest.Name} shows no picture yet: try again in a moment"
                : $"{guest.Name} does not run and was not saved, so that there is no picture: `hearth guest start {guest.Name}` starts it";
        await PictureReply.WriteAsync(call, picture, missing).ConfigureAwait(false);
    }

    private Guest GuestOf(ApiCall call) => house.Guests.Require(call.Text("guest"));

    private int IdOf(string person) => house.Persons.Require(person).Id;

    private static TimeSpan PatienceOf(StopRequest body) => body.PatienceSeconds switch
    {
        null => s_patience,
        < 0 => throw new HouseException(HouseFailure.Invalid, $"{body.PatienceSeconds} seconds are no patience: 0 switches the guest off at once"),
        { } seconds => TimeSpan.FromSeconds(seconds),
    };
}
