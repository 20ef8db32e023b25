using Hearth.Guests;

namespace Hearth.Bench.Cpu;

/// <summary>What a comparison is asked for.</summary>
internal sealed record ComparisonOptions
{
    /// <summary>How often each side runs all rows.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Rows by name; empty for all.</summary>
    public IReadOnlyList<string> Rows { get; init; } = [];

    /// <summary>Rows by class; empty for all.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    public bool WithNative { get; init; } = true;

    public bool WithTcg { get; init; } = true;

    public string Kernel { get; init; } = BootAssets.DefaultKernel;

    /// <summary>Further options of <c>hearth vm run</c>.</summary>
    public IReadOnlyList<string> HearthOptions { get; init; } = [];

    /// <summary>Where the JSON goes; null for nowhere.</summary>
    public string? JsonFile { get; init; }

    /// <exception cref="GuestsException">An option is unknown or its value makes no sense.</exception>
    public static ComparisonOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new ComparisonOptions();
        while (!arguments.IsEmpty)
        {
            (options, int taken) = arguments switch
            {
                ["--rounds", string value, ..] => (options with { Rounds = BenchOption.Number(value, 1, 1000) }, 2),
                ["--rows", string value, ..] => (options with { Rows = BenchOption.Words(value, ',') }, 2),
                ["--class", string value, ..] => (options with { Classes = BenchOption.Words(value, ',') }, 2),
                ["--no-native", ..] => (options with { WithNative = false }, 1),
                ["--no-tcg", ..] => (options with { WithTcg = false }, 1),
                ["--kernel", string value, ..] => (options with { Kernel = value }, 2),
                ["--hearth", string value, ..] => (options with { HearthOptions = BenchOption.Words(value, ' ') }, 2),
                ["--json", string value, ..] => (options with { JsonFile = value }, 2),
                _ => throw new GuestsException($"unknown option or missing value: {arguments[0]}"),
            };
            arguments = arguments[taken..];
        }

        return options;
    }

    /// <summary>The rows that are asked for, in the order they are in.</summary>
    /// <param name="standard">The classes that are meant when neither rows nor classes are named.</param>
    /// <exception cref="GuestsException">There is no such row or class.</exception>
    public IReadOnlyList<BenchRow> Select(IReadOnlyList<BenchRow> rows, params string[] standard)
    {
        string? unknown = Rows.Except(rows.Select(row => row.Name)).FirstOrDefault();
        if (unknown is not null)
            throw new GuestsException($"there is no row {unknown}; there are {string.Join(", ", rows.Select(row => row.Name))}");
        unknown = Classes.Except(rows.Select(row => row.Class)).FirstOrDefault();
        if (unknown is not null)
            throw new GuestsException($"there is no class {unknown}; there are {string.Join(", ", rows.Select(row => row.Class).Distinct())}");
        return (Rows.Count, Classes.Count) is (0, 0)
            ? [.. rows.Where(row => standard.Contains(row.Class))]
            : [.. rows.Where(row => Rows.Contains(row.Name) || Classes.Contains(row.Class))];
    }
}
