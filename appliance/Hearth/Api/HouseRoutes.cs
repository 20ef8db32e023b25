using System.Text;
using Hearth.Api.Messages;
using Hearth.Doctor;
using Hearth.Doctor.Facts;
using Hearth.House;
using Hearth.Running;
using Microsoft.AspNetCore.Http;

namespace Hearth.Api;

/// <summary>What can be asked of the house as a whole.</summary>
/// <param name="since">When it came up.</param>
/// <param name="down">Ends the daemon once the answer is written.</param>
internal sealed class HouseRoutes(Household house, HouseView view, HomeFolder home, DateTimeOffset since, Func<bool, Task> down)
{
    private const int FewEvents = 100;
    private const int MostEvents = 10_000;

    public IEnumerable<Route> All()
    {
        ApiContext json = ApiJson.Daemon;
        yield return Route.Get("/v1/status", "How the house is.", json.StatusMessage, _ => Status());
        yield return new Route("GET", "/v1/doctor", "What this host has for guests, as `hearth doctor --json` prints it.", DoctorAsync) { GivesType = ApiReply.Json };
        yield return new Route("GET", "/v1/events", "What happened, the oldest first: the last ones, or those behind the event `after`. With `follow` a line for each, and those that come.", EventsAsync)
        {
            Gives = json.EventMessageArray,
            GivesLines = json.EventMessage,
            Query = ["after", "limit", "follow"],
        };
        yield return Route.Do("POST", "/v1/down", "Saves every guest that runs, and ends. Answers when they are saved.", async call =>
        {
            DownRequest body = await call.ReadAsync(json.DownRequest).ConfigureAwait(false);
            await down(body.KeepGuests).ConfigureAwait(false);
        }) with
        {
            Takes = json.DownRequest,
        };
    }

    private StatusMessage Status()
    {
        IReadOnlyList<Guest> guests = house.Guests.All();
        return new StatusMessage(
            typeof(HouseRoutes).Assembly.GetName().Version?.ToString(3) ?? "",
            home.Path,
            Environment.ProcessId,
            since,
            guests.Count,
            guests.Count(guest => house.Runs.ConditionOf(guest.Id).Phase is not (GuestPhase.Stopped or GuestPhase.Saved or GuestPhase.Crashed)),
            house.IsOpening,
            [.. house.Seats.All().Select(view.Of)]);
    }

    private static async Task DoctorAsync(ApiCall call)
    {
        // It asks hearth-vm, and waits for it.
        string facts = await Task.Run(() => HostFactsJson.Write(HostInspection.Run()), call.Gone).ConfigureAwait(false);
        call.Context.Response.ContentType = ApiReply.Json;
        await call.Context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(facts), call.Gone).ConfigureAwait(false);
    }

    private async Task EventsAsync(ApiCall call)
    {
        long after = call.Query("after", -1);
        int limit = (int)Math.Clamp(call.Query("limit", FewEvents), 0, MostEvents);
        if (call.Flag("follow"))
        {
            await FollowAsync(call, after, limit).ConfigureAwait(false);
            return;
        }

        IReadOnlyList<HouseEvent> events = after < 0 ? house.Events.Last(limit) : house.Events.After(after, limit);
        await ApiReply.WriteAsync(call, StatusCodes.Status200OK, ApiJson.Daemon.EventMessageArray, events.Select(EventMessage.Of).ToArray()).ConfigureAwait(false);
    }

    private async Task FollowAsync(ApiCall call, long after, int limit)
    {
        if (after < 0)
            after = house.Events.Last(limit + 1) is { Count: > 0 } last ? last[0].Id - (last.Count > limit ? 0 : 1) : 0;

        // The answer's head goes out at once, even where nothing happens for hours.
        call.Context.Response.ContentType = ApiClient.Ndjson;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(call.Gone, call.Ending);
        try
        {
            await call.Context.Response.StartAsync(end.Token).ConfigureAwait(false);
            await foreach (HouseEvent each in house.Events.FollowAsync(after, end.Token).ConfigureAwait(false))
                await ApiReply.WriteLineAsync(call, ApiJson.Daemon.EventMessage, EventMessage.Of(each)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (call.Ending.IsCancellationRequested)
        {
            // The last line is written: the client sees the end.
        }
    }
}
