using System.Diagnostics;
using Hearth.Bench.Save;

namespace Hearth.Bench.Tests.Save;

public sealed class ConsoleWatchTests
{
    private static readonly long s_second = Stopwatch.Frequency;

    [Theory]
    [InlineData(0, 4, 5)]
    [InlineData(3, 8, 5)]
    [InlineData(8, 12, 4)]
    public void Silence_isTheLongestThatOverlapsTheTime(int from, int to, int expected) =>
        Assert.Equal(TimeSpan.FromSeconds(expected), ConsoleWatch.LongestSilence([s_second, 3 * s_second, 8 * s_second], from * s_second, to * s_second));

    [Fact]
    public void Silence_beforeAndAfterWhich_nothingCame_isTheWholeTime() =>
        Assert.Equal(TimeSpan.FromSeconds(2), ConsoleWatch.LongestSilence([], s_second, 3 * s_second));
}
