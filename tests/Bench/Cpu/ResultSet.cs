namespace Hearth.Bench.Cpu;

/// <summary>All results of a comparison, by row and contender.</summary>
internal sealed class ResultSet(IReadOnlyList<BenchRow> rows, IReadOnlyList<string> contenders)
{
    private readonly Dictionary<(string Row, string Contender), List<RowResult>> _results = [];
    private readonly List<string> _failures = [];

    public IReadOnlyList<BenchRow> Rows { get; } = rows;

    public IReadOnlyList<string> Contenders { get; } = contenders;

    public IEnumerable<string> Classes => Rows.Select(row => row.Class).Distinct();

    /// <summary>Takes what a contender wrote in one round. A row it should have run and did not is a failure.</summary>
    /// <param name="last">What the contender said about it, for the message about missing rows.</param>
    public void Add(string contender, IReadOnlyList<RowResult> results, string last)
    {
        foreach (RowResult result in results)
            Of(result.Row, contender).Add(result);
        string[] missing = [.. Rows.Select(row => row.Name).Except(results.Select(result => result.Row))];
        if (missing.Length > 0)
            _failures.Add($"{contender} did not finish {string.Join(", ", missing)}; its last words: {last}");
    }

    /// <summary>Something that no row shows is wrong.</summary>
    /// <param name="problem">A sentence without a full stop.</param>
    public void Fail(string problem) => _failures.Add(problem);

    public IReadOnlyList<double> Seconds(string row, string contender) => [.. Of(row, contender).Select(result => result.Seconds).OfType<double>()];

    public double? Median(string row, string contender) => Statistics.Median(Seconds(row, contender));

    /// <summary>The implementation the program chose; null when the row was not run.</summary>
    public string? Path(string row, string contender) => Of(row, contender).FirstOrDefault(result => result.Skipped is null)?.Path;

    /// <summary>Why the row was not run; null when it was.</summary>
    public string? Skipped(string row, string contender) => Of(row, contender).FirstOrDefault()?.Skipped;

    public string? Checksum(string row) =>
        Contenders.SelectMany(contender => Of(row, contender)).FirstOrDefault(result => result.Skipped is null)?.Checksum;

    /// <summary>How many times as long one contender takes as another; null when either did not run the row.</summary>
    public double? Ratio(string row, string contender, string than) => Median(row, contender) / Median(row, than);

    /// <summary>The geometric mean of <see cref="Ratio"/> over the rows of a class that both ran.</summary>
    public double? MeanRatio(string rowClass, string contender, string than) => Statistics.GeometricMean(
        Rows.Where(row => row.Class == rowClass).Select(row => Ratio(row.Name, contender, than)).OfType<double>());

    /// <summary>Rows that failed or whose contenders disagree, a sentence each.</summary>
    public IReadOnlyList<string> Problems() => [.. _failures, .. Rows.Select(row => Disagreement(row.Name)).OfType<string>()];

    private string? Disagreement(string row)
    {
        string[] sums =
        [
            .. Contenders
                .SelectMany(contender => Of(row, contender).Where(result => result.Skipped is null).Select(result => (contender, result.Checksum)))
                .Distinct()
                .Select(pair => $"{pair.contender} {pair.Checksum}"),
        ];
        return sums.Select(sum => sum[(sum.LastIndexOf(' ') + 1)..]).Distinct().Count() > 1
            ? $"the checksums of {row} differ: {string.Join(", ", sums)}"
            : null;
    }

    private List<RowResult> Of(string row, string contender)
    {
        if (!_results.TryGetValue((row, contender), out List<RowResult>? results))
            _results[(row, contender)] = results = [];
        return results;
    }
}
