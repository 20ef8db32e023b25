using System.CommandLine;
using Hearth.Api;
using Hearth.Api.Messages;

namespace Hearth.Commands;

/// <summary><c>hearth down</c>: saves the guests and ends the daemon.</summary>
internal static class DownCommand
{
    private static readonly Option<bool> s_keep = new("--keep-guests") { Description = "Do not save the guests: they run on, and the next `hearth up` takes them back.", Arity = ArgumentArity.Zero };

    public static Command Build()
    {
        var command = new Command("down", "Save every guest and end Hearth.") { HomeOption.Instance, s_keep };
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            bool keeps = parsed.GetValue(s_keep);
            await client.DoAsync(HttpMethod.Post, "/v1/down", new DownRequest(keeps), ApiJson.Client.DownRequest);
            StandardOutput.Write(keeps ? "Hearth is down, and its guests run on.\n" : "Hearth is down, and every guest is saved.\n");
        }));
        return command;
    }
}
