using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Hearth.Api;
using Hearth.Api.Messages;
using Hearth.Linux;

namespace Hearth.Commands;

/// <summary><c>hearth events</c>: what happened, and what happens.</summary>
internal static class EventsCommand
{
    private const int Usual = 20;

    private static readonly Option<bool> s_follow = new("--follow") { Description = "Go on with what happens from now on, until Ctrl-C.", Arity = ArgumentArity.Zero };

    private static readonly Option<int> s_limit = new("--limit") { Description = $"How many of the last ones. [default: {Usual}]", HelpName = "N", DefaultValueFactory = _ => Usual };

    public static Command Build()
    {
        var command = new Command("events", "Tell what happened, the newest last. With --json a line of JSON for each.") { HomeOption.Instance, JsonOption.Instance, s_follow, s_limit };
        command.SetAction(parsed => DaemonCall.Run(parsed, client => RunAsync(parsed, client)));
        return command;
    }

    private static async Task RunAsync(ParseResult parsed, ApiClient client)
    {
        int limit = parsed.GetValue(s_limit);
        if (limit < 0)
            throw new UsageException($"--limit {limit} is no number of events");
        string path = string.Create(CultureInfo.InvariantCulture, $"/v1/events?limit={limit}");
        var output = new FileDescriptor(1);
        if (!parsed.GetValue(s_follow))
        {
            EventMessage[] events = await client.GetAsync(path, ApiJson.Client.EventMessageArray);
            StandardOutput.Write(output, string.Concat(events.Select(each => Describe(parsed, each))));
            return;
        }

        await foreach (EventMessage each in client.FollowAsync($"{path}&follow", ApiJson.Client.EventMessage, CancellationToken.None))
            StandardOutput.Write(output, Describe(parsed, each));
    }

    private static string Describe(ParseResult parsed, EventMessage each) => parsed.GetValue(JsonOption.Instance)
        ? JsonSerializer.Serialize(each, ApiJson.Client.EventMessage) + '\n'
        : $"{LocalTime.Write(each.Time)}  {each.Sentence}\n";
}
