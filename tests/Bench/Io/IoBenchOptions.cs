using Hearth.Guests;

namespace Hearth.Bench.Io;

/// <summary>What the comparison of devices is asked for.</summary>
internal sealed record IoBenchOptions
{
    /// <summary>How often each side runs all rows.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Rows and classes by name; empty for all.</summary>
    public IReadOnlyList<string> Rows { get; init; } = [];

    public bool WithTcg { get; init; } = true;

    /// <summary>The folder of the disk images; null for the host's memory.</summary>
    public string? Images { get; init; }

    /// <summary>Further options of <c>hearth vm run</c>.</summary>
    public IReadOnlyList<string> HearthOptions { get; init; } = [];

    /// <summary>Where the JSON goes; null for nowhere.</summary>
    public string? JsonFile { get; init; }

    /// <exception cref="GuestsException">An option is unknown or its value makes no sense.</exception>
    public static IoBenchOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new IoBenchOptions();
        while (!arguments.IsEmpty)
        {
            (options, int taken) = arguments switch
            {
                ["--rounds", string value, ..] => (options with { Rounds = BenchOption.Number(value, 1, 1000) }, 2),
                ["--rows", string value, ..] => (options with { Rows = BenchOption.Words(value, ',') }, 2),
                ["--images", string value, ..] => (options with { Images = value }, 2),
                ["--no-tcg", ..] => (options with { WithTcg = false }, 1),
                ["--hearth", string value, ..] => (options with { HearthOptions = BenchOption.Words(value, ' ') }, 2),
                ["--json", string value, ..] => (options with { JsonFile = value }, 2),
                _ => throw new GuestsException($"unknown option or missing value: {arguments[0]}"),
            };
            arguments = arguments[taken..];
        }

        return options;
    }

    /// <summary>The rows that are asked for, in the order they are in.</summary>
    /// <exception cref="GuestsException">There is no such row or class.</exception>
    public IReadOnlyList<IoRow> Select()
    {
        string[] known = [.. IoRow.All.Select(row => row.Class).Distinct(), .. IoRow.All.Select(row => row.Name)];
        return Rows.Except(known).FirstOrDefault() is { } unknown
            ? throw new GuestsException($"there is no row or class {unknown}; there are {string.Join(", ", known)}")
            : [.. IoRow.All.Where(row => Rows.Count == 0 || Rows.Contains(row.Name) || Rows.Contains(row.Class))];
    }
}
