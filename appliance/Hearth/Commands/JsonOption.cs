using System.CommandLine;

namespace Hearth.Commands;

/// <summary><c>--json</c>: the answer for programs. Its fields are those of the API (appliance/docs/openapi.json).</summary>
internal static class JsonOption
{
    public static Option<bool> Instance { get; } = new("--json")
    {
        Description = "Print JSON, for programs.",
        Arity = ArgumentArity.Zero,
        Recursive = true,
    };
}
