using Hearth.Bench.Save;

namespace Hearth.Bench.Tests.Save;

public sealed class SaveTableTests
{
    private static readonly SaveFigure s_small = new("pause-1G p95", "ms", "pause-1G") { Quantile = 0.95, Goal = new SaveGoal(10) };
    private static readonly SaveFigure s_large = new("pause-4G p95", "ms", "pause-4G") { Quantile = 0.95, Goal = new SaveGoal(1.5, Than: s_small.Name) };
    private static readonly SaveFigure s_shared = new("shared", "%", "shared") { Goal = new SaveGoal(50, IsLeast: true) };
    private static readonly SaveFigure s_aot = new("restore aot", "ms", "restore") { Contender = SaveSeries.HearthAot, Goal = new SaveGoal(60) };

    private readonly SaveSeries _series = new();

    [Fact]
    public void Lines_haveBothSides_theirRatio_andWhetherTheGoalIsReached()
    {
        Add("pause-1G", SaveSeries.Hearth, 1, 2, 8);
        Add("pause-1G", SaveSeries.Qemu, 400, 500);
        Add("pause-4G", SaveSeries.Hearth, 13);
        Add("shared", SaveSeries.Hearth, 62.5);

        string[] lines = [.. new SaveTable([s_small, s_large, s_shared, s_aot], _series).Lines().Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];

        Assert.Equal(
            [
                "unit hearth qemu x of QEMU goal holds",
                "pause-1G p95 ms 8.00 500 0.02 <= 10 yes",
                "pause-4G p95 ms 13.0 - - <= 1.5 x pause-1G p95 NO",
                "shared % 62.5 - - >= 50 yes",
                "restore aot ms - - - <= 60",
            ],
            lines);
    }

    [Fact]
    public void Form_ofHearth_standsBesideTheSameOfQemu()
    {
        Add("restore", SaveSeries.Hearth, 200);
        Add("restore", SaveSeries.HearthAot, 50);
        Add("restore", SaveSeries.Qemu, 400);

        var table = new SaveTable([s_aot], _series);

        Assert.Equal((50, 400, 0.125, true), (table.Of(s_aot), table.OfQemu(s_aot), table.Ratio(s_aot), table.Holds(s_aot)));
    }

    [Theory]
    [InlineData(0.5, 10.5)]
    [InlineData(0.95, 19)]
    [InlineData(1, 20)]
    public void Quantile_isTheMedian_orOneOfTheValuesByRank(double quantile, double expected)
    {
        Add("pause", SaveSeries.Hearth, [.. Enumerable.Range(1, 20).Reverse().Select(value => (double)value)]);

        Assert.Equal(expected, _series.Quantile("pause", SaveSeries.Hearth, quantile));
    }

    [Fact]
    public void Share_isWhatTheOthersNeedLessThanTheFirst() => Assert.Equal(75, SharedStatesRow.SharedPercent([100, 20, 30]));

    private void Add(string series, string contender, params double[] values)
    {
        foreach (double value in values)
            _series.Add(series, contender, value);
    }
}
