namespace Hearth.Bench.Tests;

public sealed class StatisticsTests
{
    [Theory]
    [InlineData(new[] { 3.0, 1.0, 2.0 }, 2.0)]
    [InlineData(new[] { 4.0, 1.0, 2.0, 3.0 }, 2.5)]
    [InlineData(new[] { 7.0 }, 7.0)]
    public void Median_isTheMiddleOfTheSortedValues(double[] values, double expected) => Assert.Equal(expected, Statistics.Median(values));

    [Fact]
    public void GeometricMean_ofTwiceAndHalf_isOne() => Assert.Equal(1.0, Statistics.GeometricMean([2.0, 0.5])!.Value, precision: 12);

    [Fact]
    public void NoValues_haveNeither()
    {
        Assert.Null(Statistics.Median([]));
        Assert.Null(Statistics.GeometricMean([]));
    }
}
