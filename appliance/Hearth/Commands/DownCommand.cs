using System.CommandLine;
using Hearth.Api;
using Hearth.Api.Messages;

namespace Hearth.Commands;

/// <summary><c>hearth down</c>: saves the guests and ends the daemon.</summary>
internal static class DownCommand
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private static readonly Option<bool> s_keep = new("--keep-guests") { Description = "Do not save the guests: they run on, and the next `hearth up` takes them back.", Arity = ArgumentArity.Zero };

    public static Command Build()
    {
        var command = new Command("down", "Save every guest and end Hearth.") { HomeOption.Instance, s_keep };
        command.SetAction(parsed => DaemonCall.Run(parsed, async client =>
        {
            bool keeps = parsed.GetValue(s_keep);
            await client.DoAsync(HttpMethod.Post, "/v1/down", new DownRequest(keeps), ApiJson.Client.DownRequest);

            // The house belongs to whoever comes next only when the daemon has ended.
            HomeFolder home = HomeOption.Read(parsed);
            if (!await HomeLock.WaitFreeAsync(home, s_patience))
                throw new UsageException($"hearth is on its way down and has not ended after {s_patience.TotalSeconds} seconds: {home.Log} may tell why");
            StandardOutput.Write(keeps ? "Hearth is down, and its guests run on.\n" : "Hearth is down, and every guest is saved.\n");
        }));
        return command;
    }
}
