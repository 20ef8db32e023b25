using System.CommandLine;
using Hearth.Api;

namespace Hearth.Commands;

/// <summary><c>--home</c>: which house a command is about.</summary>
internal static class HomeOption
{
    public static Option<string> Instance { get; } = new("--home")
    {
        Description = "The house's home folder. [default: $HEARTH_HOME, else /var/lib/hearth for root and ~/.local/share/hearth for others]",
        HelpName = "DIR",
        Recursive = true,
    };

    /// <exception cref="UsageException">It names no folder.</exception>
    public static HomeFolder Read(ParseResult parsed) => parsed.GetValue(Instance) switch
    {
        null => HomeFolder.Default(),
        "" => throw new UsageException("--home names no folder"),
        var path => HomeFolder.Of(path),
    };
}
