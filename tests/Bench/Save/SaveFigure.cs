namespace Hearth.Bench.Save;

/// <summary>A line of the table: one number, made of all values of a series.</summary>
/// <param name="Series">Whose values it is made of.</param>
internal sealed record SaveFigure(string Name, string Unit, string Series)
{
    public const double Median = 0.5;

    /// <summary>Which of the sorted values it is, from 0 to 1; in between by the nearest rank.</summary>
    public double Quantile { get; init; } = Median;

    /// <summary>Which of Hearth's forms stands beside QEMU.</summary>
    public string Contender { get; init; } = SaveSeries.Hearth;

    /// <summary>Null where there is none.</summary>
    public SaveGoal? Goal { get; init; }
}
