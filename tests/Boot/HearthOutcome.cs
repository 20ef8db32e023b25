namespace Hearth.Boot.Tests;

/// <summary>How a run of <c>hearth</c> ended.</summary>
/// <param name="Console">Standard output: the guest's serial port.</param>
internal sealed record HearthOutcome(int ExitCode, string Console, string Error)
{
    public IReadOnlyList<string> Lines => Console.Split('\n');

    /// <summary>What a guest wrote that went from run to run. A save may come in the middle of a line, whose rest is in the next run.</summary>
    public static IReadOnlyList<string> LinesOf(params IEnumerable<HearthOutcome> runs) => string.Concat(runs.Select(run => run.Console)).Split('\n');

    /// <summary>The rest of the line on which the guest wrote <c>name=value</c>.</summary>
    public string Value(string name)
    {
        string start = name + "=";
        string? line = Lines.FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal));
        return line is null ? throw new InvalidDataException($"the guest wrote no {name}; it wrote:\n{Console}\n{Error}") : line[start.Length..];
    }

    /// <summary>Fails with everything the guest wrote unless it powered off by itself.</summary>
    public HearthOutcome AssertPoweredOff()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}\n{Console}\n{Error}");
        return this;
    }
}
