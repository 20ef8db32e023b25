using System.Globalization;

namespace Hearth.Bench.Save;

/// <summary>Figures for people: both sides, how many times as much it is with Hearth, and whether the goal is reached.</summary>
internal sealed class SaveTable(IReadOnlyList<SaveFigure> figures, SaveSeries series)
{
    public double? Of(SaveFigure figure) => series.Quantile(figure.Series, figure.Contender, figure.Quantile);

    public double? OfQemu(SaveFigure figure) => series.Quantile(figure.Series, SaveSeries.Qemu, figure.Quantile);

    /// <summary>How many times as much it is with Hearth as with QEMU.</summary>
    public double? Ratio(SaveFigure figure) => Of(figure) / OfQemu(figure);

    /// <returns>Null where there is no goal, or nothing that could reach it.</returns>
    public bool? Holds(SaveFigure figure) => figure.Goal is { } goal
        ? goal.Holds(Of(figure), figures.FirstOrDefault(other => other.Name == goal.Than) is { } than ? Of(than) : null)
        : null;

    public IEnumerable<string> Lines()
    {
        yield return Line("", "unit", SaveSeries.Hearth, SaveSeries.Qemu, "x of QEMU", "goal", "holds");
        foreach (SaveFigure figure in figures)
        {
            yield return Line(
                figure.Name, figure.Unit, Text(Of(figure)), Text(OfQemu(figure)), Text(Ratio(figure)), figure.Goal?.ToString() ?? "",
                Holds(figure) switch { true => "yes", false => "NO", _ => "" });
        }
    }

    private static string Text(double? value) => value is { } number
        ? number.ToString(Math.Abs(number) switch { < 10 => "0.00", < 100 => "0.0", _ => "0" }, CultureInfo.InvariantCulture)
        : "-";

    private static string Line(string name, string unit, string hearth, string qemu, string ratio, string goal, string holds) =>
        $"{name,-30}{unit,6}{hearth,10}{qemu,10}{ratio,11}   {goal,-32}{holds}".TrimEnd();
}
