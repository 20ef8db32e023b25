using Hearth.Api.Messages;
using Hearth.House;
using Hearth.Running;

namespace Hearth.Api;

/// <summary>What can be asked of saved states.</summary>
internal sealed class StateRoutes(Household house)
{
    private const string Guest = "/v1/guests/{guest}";
    private const string One = $"{Guest}/states/{{state:long}}";

    public IEnumerable<Route> All()
    {
        ApiContext json = ApiJson.Daemon;
        yield return Route.Long($"{Guest}/save", "Saves a guest as it is now.", json.SaveOrder, json.StateMessage, json.LongAnswerStateMessage, SaveAsync);
        yield return Route.Long($"{Guest}/restore", "Goes on from a saved state.", json.RestoreRequest, json.StateMessage, json.LongAnswerStateMessage, async (call, body, progress) =>
            StateMessage.Of(await house.RestoreAsync(GuestOf(call), body.State, body.KeepPresent, progress, call.Gone).ConfigureAwait(false)));
        yield return Route.Long($"{Guest}/rewind", "Goes back to a time, and keeps what is now.", json.RewindRequest, json.StateMessage, json.LongAnswerStateMessage, async (call, body, progress) =>
            StateMessage.Of(await house.RewindAsync(GuestOf(call), body.To ?? "", progress, call.Gone).ConfigureAwait(false)));
        yield return Route.Get($"{Guest}/states", "The saved states of a guest, the newest first, checkpoints too.", json.StateMessageArray, call =>
            house.Runs.StatesOf(GuestOf(call).Id).Select(StateMessage.Of).ToArray());
        yield return Route.Get(One, "A saved state.", json.StateMessage, call => StateMessage.Of(StateOf(call)));
        yield return Route.Ask("PATCH", One, "Pins a state, or lets it go.", json.StateChange, json.StateMessage, PinAsync);
        yield return Route.Do("DELETE", One, "Gives a state up; one that is pinned has to be let go first.", DeleteAsync);
        yield return new Route("GET", $"{One}/picture", "The guest's screen in a state.", PictureAsync) { GivesType = "image/png" };
    }

    private async Task<StateMessage> SaveAsync(ApiCall call, SaveOrder body, IProgress<double>? progress) =>
        StateMessage.Of(await house.SaveAsync(GuestOf(call), new SaveRequest(body.Label, body.Stops, body.Pinned), progress, call.Gone).ConfigureAwait(false));

    private async Task<StateMessage> PinAsync(ApiCall call, StateChange body)
    {
        SavedStateRecord state = StateOf(call);
        if (body.Pinned is { } pinned)
            await RunFailure.AskAsync(() => house.Runs.PinStateAsync(state.Guest, state.Id, pinned, call.Gone)).ConfigureAwait(false);
        return StateMessage.Of(StateOf(call));
    }

    private Task DeleteAsync(ApiCall call)
    {
        SavedStateRecord state = StateOf(call);
        return RunFailure.AskAsync(() => house.Runs.DeleteStateAsync(state.Guest, state.Id, call.Gone));
    }

    private Task PictureAsync(ApiCall call)
    {
        SavedStateRecord state = StateOf(call);
        return PictureReply.WriteAsync(call, house.Runs.PictureOf(state.Guest, state.Id), $"state {state.Id} has no picture: the guest had no graphics card");
    }

    private SavedStateRecord StateOf(ApiCall call) => house.RequireState(GuestOf(call), call.Number("state"));

    private House.Guest GuestOf(ApiCall call) => house.Guests.Require(call.Text("guest"));
}
