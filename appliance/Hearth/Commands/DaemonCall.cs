using System.CommandLine;
using Hearth.Api;
using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Commands;

/// <summary>A command that asks the daemon for something.</summary>
internal static class DaemonCall
{
    /// <summary>Asks, and waits.</summary>
    /// <exception cref="ApiException">The daemon said why not.</exception>
    /// <exception cref="UsageException">There is no daemon.</exception>
    public static int Run(ParseResult parsed, Func<ApiClient, Task> ask)
    {
        using var client = new ApiClient(HomeOption.Read(parsed));
        ask(client).GetAwaiter().GetResult();
        return ExitCode.Success;
    }

    /// <summary>Prints an answer: as one JSON document, or as people read it.</summary>
    public static void Print<T>(ParseResult parsed, T answer, Func<int?, string> describe)
    {
        var output = new FileDescriptor(1);
        StandardOutput.Write(output, parsed.GetValue(JsonOption.Instance) ? ApiJson.Print(answer) : describe(TerminalScreen.Width(output)));
    }
}
