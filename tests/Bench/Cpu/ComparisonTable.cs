using System.Globalization;

namespace Hearth.Bench.Cpu;

/// <summary>The comparison for people: seconds, ratios, and what has to be known to read them.</summary>
internal sealed class CpuTable(ResultSet results)
{
    private readonly ResultSet _results = results;

    public IEnumerable<string> Lines()
    {
        yield return $"{"median seconds",-16}{"native",10}{"hearth",10}{"tcg",10}   {"hearth takes",14}{"faster than",14}";
        yield return $"{"",-16}{"",10}{"",10}{"",10}   {"x native",14}{"tcg, times",14}";
        foreach (string rowClass in _results.Classes)
        {
            yield return rowClass;
            foreach (BenchRow row in _results.Rows.Where(row => row.Class == rowClass))
            {
                yield return Line("  " + row.Name,
                [
                    Time(row.Name, CpuBench.Native), Time(row.Name, CpuBench.Hearth), Time(row.Name, CpuBench.Tcg),
                    Ratio(_results.Ratio(row.Name, CpuBench.Hearth, CpuBench.Native)), Ratio(_results.Ratio(row.Name, CpuBench.Tcg, CpuBench.Hearth)),
                ]);
            }

            yield return Line("  geometric mean",
            [
                "", "", "",
                Ratio(_results.MeanRatio(rowClass, CpuBench.Hearth, CpuBench.Native)), Ratio(_results.MeanRatio(rowClass, CpuBench.Tcg, CpuBench.Hearth)),
            ]);
        }

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
                yield return $"* {row.Name}: {string.Join(", ", _results.Contenders.Where(Ran).Select(contender => $"{contender} {_results.Path(row.Name, contender)}"))}";

            bool Ran(string contender) => _results.Path(row.Name, contender) is not null;
        }
    }

    private bool IsMixed(string row) => _results.Contenders.Select(contender => _results.Path(row, contender)).OfType<string>().Distinct().Count() > 1;

    private string Time(string row, string contender) => _results.Median(row, contender) is { } seconds
        ? seconds.ToString("f3", CultureInfo.InvariantCulture) + (IsMixed(row) ? "*" : "")
        : "-";

    private static string Ratio(double? ratio) => ratio is { } value ? value.ToString("f2", CultureInfo.InvariantCulture) : "-";

    private static string Line(string name, string[] cells) =>
        $"{name,-16}{cells[0],10}{cells[1],10}{cells[2],10}   {cells[3],14}{cells[4],14}".TrimEnd();
}
