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

    /// <summary>Where the JSON goes; null for nowhere.</summary>
    public string? JsonFile { get; init; }

    /// <exception cref="GuestsException">An option is unknown or its value makes no sense.</exception>
    public static BootBenchOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new BootBenchOptions();
        while (!arguments.IsEmpty)
        {
            (options, int taken) = arguments switch
            {
                ["--json", string value, ..] => (options with { JsonFile = value }, 2),
                ["--pairs", string value, ..] => (options with { Pairs = BenchOption.Number(value, FewestPairs, 1000) }, 2),
                ["--cpus", string value, ..] => (options with { Cpus = BenchOption.Number(value, 1, 8) }, 2),
                ["--kernel", string value, ..] => (options with { Kernel = value }, 2),
                _ => throw new GuestsException($"unknown option or missing value: {arguments[0]}"),
            };
            arguments = arguments[taken..];
        }

        return options;
    }
}
