using System.Globalization;
using Hearth.Bench.Cpu;

namespace Hearth.Bench.Io;

/// <summary>Rates for people: of each side the median, and how many times as fast Hearth is.</summary>
internal sealed class IoTable(IReadOnlyList<IoRow> rows, ResultSet results)
{
    public const string Hearth = "hearth";
    public const string Qemu = "qemu";

    private readonly IReadOnlyList<IoRow> _rows = rows;
    private readonly ResultSet _results = results;

    /// <summary>What a side moved in a second; null when it did not run the row.</summary>
    public double? Rate(IoRow row, string contender) => row.Amount / _results.Median(row.Name, contender);

    /// <summary>How many times as fast Hearth is as QEMU; null when either did not run the row.</summary>
    public double? Speed(IoRow row) => _results.Ratio(row.Name, Qemu, Hearth);

    public IEnumerable<string> Lines()
    {
        yield return Line("", "unit", Hearth, Qemu, "x of QEMU");
        foreach (IoRow row in _rows)
            yield return Line(row.Name, row.Unit, Text(Rate(row, Hearth), "f0"), Text(Rate(row, Qemu), "f0"), Text(Speed(row), "f2"));
    }

    private static string Text(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";

    private static string Line(string name, string unit, string hearth, string qemu, string speed) => $"{name,-20}{unit,12}{hearth,12}{qemu,12}{speed,12}";
}
