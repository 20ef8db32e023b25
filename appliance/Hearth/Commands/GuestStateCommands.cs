using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Hearth.Api;
using Hearth.Api.Messages;
using Hearth.Disks;

namespace Hearth.Commands;

/// <summary>What saves guests and brings them back.</summary>
internal static class GuestStateCommands
{
    public static IEnumerable<Command> Build()
    {
        yield return BuildSave();
        yield return BuildRestore();
        yield return BuildRewind();
        yield return BuildCheckpoints();
    }

    private static Command BuildSave()
    {
        var label = new Option<string>("--label") { Description = "What the state is called.", HelpName = "TEXT" };
        var stop = new Option<bool>("--stop") { Description = "End the guest's process; it goes on from here when it starts again.", Arity = ArgumentArity.Zero };
        var pin = new Option<bool>("--pin") { Description = "Keep the state however old it becomes.", Arity = ArgumentArity.Zero };
        return Complete(new Command("save", "Save a guest as it is now."), "saved", ApiJson.Client.SaveOrder, parsed => new SaveOrder(parsed.GetValue(label), parsed.GetValue(stop), parsed.GetValue(pin)), [label, stop, pin],
            (guest, state) => string.Create(CultureInfo.InvariantCulture, $"{guest} is saved as state {state.Id}; it stood still for {state.PauseMilliseconds:F0} ms.\n"));
    }

    private static Command BuildRestore()
    {
        var state = new Argument<long?>("STATE") { Description = "The state's number. [default: the last one]", Arity = ArgumentArity.ZeroOrOne };
        var drop = new Option<bool>("--drop-present") { Description = "Do not save what the guest is now.", Arity = ArgumentArity.Zero };
        return Complete(new Command("restore", "Go on from a saved state; what the guest is now is saved first."), "restored", ApiJson.Client.RestoreRequest, parsed => new RestoreRequest(parsed.GetValue(state), !parsed.GetValue(drop)), [state, drop], Describe);
    }

    private static Command BuildRewind()
    {
        var to = new Option<string>("--to") { Description = "How long ago (40s, 2m, 3h), a time of day (13:05), or a state's number.", HelpName = "TIME|STATE", Required = true };
        return Complete(new Command("rewind", "Go back to a time; what the guest is now is saved first."), "restored", ApiJson.Client.RewindRequest, parsed => new RewindRequest(parsed.GetValue(to)), [to], Describe);
    }

    private static Command BuildCheckpoints()
    {
        Argument<string> name = NameCompletion.OfGuest();
        Option<long?> pin = StateOption("--pin", "Keep a state however old it becomes.");
        Option<long?> unpin = StateOption("--unpin", "Keep a state no longer than others.");
        var command = new Command("checkpoints", "Tell to what a guest can go back: its saved states and checkpoints, the newest first.") { name, pin, unpin };
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            string guest = parsed.GetValue(name)!;
            string path = $"{GuestCommand.PathOf(guest)}/states";
            foreach ((Option<long?> option, bool isPinned) in new[] { (pin, true), (unpin, false) })
            {
                if (parsed.GetValue(option) is { } state)
                    _ = await client.AskAsync(HttpMethod.Patch, PathOf(path, state), new StateChange(isPinned), ApiJson.Client.StateChange, ApiJson.Client.StateMessage);
            }

            StateMessage[] states = await client.GetAsync(path, ApiJson.Client.StateMessageArray);
            DaemonCall.Print(parsed, states, _ => states.Length == 0 ? $"{guest} has no saved state: `hearth guest save {guest}` makes one, and checkpoints come while it runs.\n" : GuestText.List(states));
        }));
        return command;
    }

    private static Option<long?> StateOption(string name, string description) => new(name) { Description = description, HelpName = "STATE" };

    private static string PathOf(string states, long state) => string.Create(CultureInfo.InvariantCulture, $"{states}/{state}");

    /// <param name="command">Its name is the last part of the address.</param>
    /// <param name="done">What has been done to the share that the progress tells.</param>
    private static Command Complete<TBody>(
        Command command, string done, JsonTypeInfo<TBody> takes, Func<ParseResult, TBody> read, Symbol[] more, Func<string, StateMessage, string> describe)
    {
        Argument<string> name = NameCompletion.OfGuest();
        command.Add(name);
        foreach (Symbol symbol in more)
        {
            if (symbol is Argument argument)
                command.Add(argument);
            else
                command.Add((Option)symbol);
        }

        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            string guest = parsed.GetValue(name)!;
            using var progress = new ProgressLine(done);
            StateMessage state = await client.AskLongAsync($"{GuestCommand.PathOf(guest)}/{command.Name}", read(parsed), takes, ApiJson.Client.LongAnswerStateMessage, progress);
            progress.Clear();
            DaemonCall.Print(parsed, state, _ => describe(guest, state));
        }));
        return command;
    }

    private static string Describe(string guest, StateMessage state) => $"{guest} goes on from state {state.Id}, of {LocalTime.Write(state.Taken)}.\n";
}
