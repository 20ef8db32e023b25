using System.Globalization;

namespace Hearth.Bench.Cpu;

/// <summary>A comparison for people: median seconds, ratios, and what has to be known to read them.</summary>
internal sealed class ComparisonTable(ResultSet results, IReadOnlyList<RatioColumn> ratios)
{
    private const int NameWidth = 18;
    private const int TimeWidth = 11;
    private const int RatioWidth = 15;

    private readonly ResultSet _results = results;
    private readonly IReadOnlyList<RatioColumn> _ratios = ratios;

    public IEnumerable<string> Lines()
    {
        yield return Line("median seconds", _results.Contenders, _ratios.Select(ratio => ratio.Title));
        foreach (string rowClass in _results.Classes)
        {
            yield return rowClass;
            foreach (BenchRow row in _results.Rows.Where(row => row.Class == rowClass))
            {
                yield return Line(
                    "  " + row.Name,
                    _results.Contenders.Select(contender => Time(row.Name, contender)),
                    _ratios.Select(ratio => Ratio(_results.Ratio(row.Name, ratio.Contender, ratio.Than))));
            }

            yield return Line(
                "  geometric mean",
                _results.Contenders.Select(_ => ""),
                _ratios.Select(ratio => Ratio(_results.MeanRatio(rowClass, ratio.Contender, ratio.Than))));
        }

        foreach (RatioColumn ratio in _ratios)
            yield return $"{ratio.Title}: {ratio.Meaning}";
        foreach (string note in Notes())
            yield return note;
    }

    /// <summary>Rows that were skipped, or that the contenders ran by different instructions (marked with a star).</summary>
    private IEnumerable<string> Notes()
    {
        foreach (BenchRow row in _results.Rows)
        {
            foreach (string contender in _results.Contenders)
            {
                if (_results.Skipped(row.Name, contender) is { } why)
                    yield return $"- {row.Name}: {contender} skips it, {why}";
            }

            if (IsMixed(row.Name))
                yield return $"* {row.Name}: {string.Join(", ", Paths(row.Name))}";
        }
    }

    private IEnumerable<string> Paths(string row) => _results.Contenders
        .Where(contender => _results.Path(row, contender) is not null)
        .Select(contender => $"{contender} {_results.Path(row, contender)}");

    private bool IsMixed(string row) =>
        _results.Contenders.Select(contender => _results.Path(row, contender)).OfType<string>().Distinct().Count() > 1;

    private string Time(string row, string contender) => _results.Median(row, contender) is { } seconds
        ? seconds.ToString("f3", CultureInfo.InvariantCulture) + (IsMixed(row) ? "*" : "")
        : "-";

    private static string Ratio(double? ratio) => ratio is { } value ? value.ToString("f2", CultureInfo.InvariantCulture) : "-";

    private static string Line(string name, IEnumerable<string> times, IEnumerable<string> ratios) => string.Concat(
    [
        name.PadRight(NameWidth),
        .. times.Select(time => time.PadLeft(TimeWidth)),
        .. ratios.Select(ratio => ratio.PadLeft(RatioWidth)),
    ]).TrimEnd();
}
