using Hearth.Guests;

namespace Hearth.Bench.Save;

/// <summary>What the comparison of saving and restoring is asked for.</summary>
internal sealed record SaveBenchOptions
{
    /// <summary>How often each side does everything.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Rows by name; empty for all.</summary>
    public IReadOnlyList<string> Rows { get; init; } = [];

    /// <summary>The guests' memory in the rows that compare sizes; the others have 1 GiB.</summary>
    public IReadOnlyList<MemoryAmount> Memory { get; init; } = [MemoryAmount.OneGiB, MemoryAmount.FourGiB];

    public bool WithQemu { get; init; } = true;

    /// <summary>A <c>hearth-vm</c> that was compiled ahead of time; null for none.</summary>
    public string? AotProgram { get; init; }

    /// <summary>Where the JSON goes; null for nowhere.</summary>
    public string? JsonFile { get; init; }

    /// <exception cref="GuestsException">An option is unknown or its value makes no sense.</exception>
    public static SaveBenchOptions Parse(ReadOnlySpan<string> arguments)
    {
        var options = new SaveBenchOptions();
        while (!arguments.IsEmpty)
        {
            (options, int taken) = arguments switch
            {
                ["--rounds", string value, ..] => (options with { Rounds = BenchOption.Number(value, 1, 1000) }, 2),
                ["--rows", string value, ..] => (options with { Rows = BenchOption.Words(value, ',') }, 2),
                ["--memory", string value, ..] => (options with { Memory = [.. BenchOption.Words(value, ',').Select(MemoryAmount.Parse)] }, 2),
                ["--no-qemu", ..] => (options with { WithQemu = false }, 1),
                ["--aot", string value, ..] => (options with { AotProgram = Path.GetFullPath(value) }, 2),
                ["--json", string value, ..] => (options with { JsonFile = value }, 2),
                _ => throw new GuestsException($"unknown option or missing value: {arguments[0]}"),
            };
            arguments = arguments[taken..];
        }

        return options;
    }

    /// <summary>The rows that are asked for, in the order they are in.</summary>
    /// <exception cref="GuestsException">There is no such row.</exception>
    public IReadOnlyList<ISaveRow> Select()
    {
        ISaveRow[] all =
        [
            .. Memory.Select(memory => new PauseRow(memory)), .. Memory.Select(memory => new RestoreRow(memory)),
            new SecondStateRow(), new SharedStatesRow(), new IdleMemoryRow(),
        ];
        return Rows.Except(all.Select(row => row.Name)).FirstOrDefault() is { } unknown
            ? throw new GuestsException($"there is no row {unknown}; there are {string.Join(", ", all.Select(row => row.Name).Distinct())}")
            : [.. all.Where(row => Rows.Count == 0 || Rows.Contains(row.Name))];
    }
}
