using System.Globalization;
using Hearth.Guests;

namespace Hearth.Bench;

/// <summary>What the boot comparison is asked for.</summary>
internal sealed record BootBenchOptions
{
    public const int FewestPairs = 5;

    /// <summary>How often each side boots.</summary>
    public int Pairs { get; init; } = FewestPairs;

    public int Cpus { get; init; } = 1;

    public string Kernel { get; init; } = BootAssets.DefaultKernel;

    /// <summary>Print one JSON object instead of a table.</summary>
    public bool Json { get; init; }

    /// <exception cref="GuestsException">An option is unknown or its value makes no sense.</exception>
    public static BootBenchOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new BootBenchOptions();
        while (!arguments.IsEmpty)
        {
            (options, int taken) = arguments switch
            {
                ["--json", ..] => (options with { Json = true }, 1),
                ["--pairs", string value, ..] => (options with { Pairs = Number(value, FewestPairs, 1000) }, 2),
                ["--cpus", string value, ..] => (options with { Cpus = Number(value, 1, 8) }, 2),
                ["--kernel", string value, ..] => (options with { Kernel = value }, 2),
                _ => throw new GuestsException($"unknown option or missing value: {arguments[0]}"),
            };
            arguments = arguments[taken..];
        }

        return options;
    }

    private static int Number(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most
            ? value
            : throw new GuestsException($"{text} is no number from {least} to {most}");
}
