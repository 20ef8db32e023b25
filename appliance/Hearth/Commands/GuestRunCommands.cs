using System.CommandLine;
using System.Text.Json.Serialization.Metadata;
using Hearth.Api;
using Hearth.Api.Messages;
using Hearth.Disks;

namespace Hearth.Commands;

/// <summary>What starts, holds and ends guests.</summary>
internal static class GuestRunCommands
{
    public static IEnumerable<Command> Build()
    {
        var boot = new Option<bool>("--boot") { Description = "Boot, even where it could go on from a saved state, which is kept.", Arity = ArgumentArity.Zero };
        yield return Build("start", "Start a guest: it goes on where it was saved, or boots.", ApiJson.Client.StartRequest, parsed => new StartRequest(parsed.GetValue(boot)), boot);
        yield return BuildEnding("stop", "Press a guest's power button and, where it does not follow, switch it off.");
        yield return BuildEnding("restart", "Stop a guest and boot it.");
        yield return Build("pause", "Hold a guest's processors.", ApiJson.Client.StartRequest, _ => new StartRequest());
        yield return Build("resume", "Let them go on.", ApiJson.Client.StartRequest, _ => new StartRequest());
    }

    private static Command BuildEnding(string verb, string description)
    {
        var force = new Option<bool>("--force") { Description = "Switch it off at once.", Arity = ArgumentArity.Zero };
        var patience = new Option<int?>("--patience") { Description = "How long it may take to follow its power button. [default: 60]", HelpName = "SECONDS" };
        return Build(verb, description, "is shutting down", ApiJson.Client.StopRequest, parsed => new StopRequest(parsed.GetValue(force) ? 0 : parsed.GetValue(patience)), force, patience);
    }

    private static Command Build<TBody>(string verb, string description, JsonTypeInfo<TBody> takes, Func<ParseResult, TBody> read, params Option[] options) =>
        Build(verb, description, null, takes, read, options);

    /// <param name="waiting">What the guest does meanwhile where that takes long and nobody knows how long; null for nothing.</param>
    private static Command Build<TBody>(string verb, string description, string? waiting, JsonTypeInfo<TBody> takes, Func<ParseResult, TBody> read, params Option[] options)
    {
        Argument<string> name = NameCompletion.OfGuest();
        var command = new Command(verb, description) { name };
        foreach (Option option in options)
            command.Add(option);
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            using var progress = new ProgressLine("done");
            if (waiting is not null)
                progress.SayLater($"{parsed.GetValue(name)} {waiting}");
            GuestMessage guest = await client.AskLongAsync($"{GuestCommand.PathOf(parsed.GetValue(name)!)}/{verb}", read(parsed), takes, ApiJson.Client.LongAnswerGuestMessage, progress);
            progress.Clear();
            DaemonCall.Print(parsed, guest, _ => $"{guest.Name} is {guest.Phase}.\n");
        }));
        return command;
    }
}
