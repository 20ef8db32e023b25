using System.Diagnostics;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>When an address space stays in the direct tier, and how long it stays away.</summary>
public sealed class DirectProfitTests
{
    private const int Window = 16;

    private static readonly long s_microsecond = Stopwatch.Frequency / 1_000_000;

    private readonly DirectProfit _profit = new();

    [Fact]
    public void Long_runs_pay()
    {
        Assert.All(Ways(100, inside: 200, all: 210), Assert.True);
        Assert.True(_profit.MayTry(0));
    }

    [Fact]
    public void Short_runs_do_not_pay()
    {
        bool[] ways = Ways(Window, inside: 8, all: 16);

        Assert.All(ways[..^1], Assert.True);
        Assert.False(ways[^1]);
        Assert.False(_profit.MayTry(0));
    }

    [Fact]
    public void What_is_mapped_once_is_no_price_of_the_way_but_what_is_unmapped_is()
    {
        Assert.All(Ways(Window, inside: 50, all: 400, mapping: 340), Assert.True);
        Assert.False(Ways(Window, inside: 50, all: 400, mapping: 340, unmapped: 30)[^1]);
    }

    [Fact]
    public void Each_time_away_is_twice_as_long_up_to_a_limit()
    {
        long[] away = [.. Enumerable.Range(0, 8).Select(_ => Away())];

        Assert.Equal(away[0] * 2, away[1]);
        Assert.Equal(away[0] * 16, away[6]);
        Assert.Equal(away[6], away[7]);
    }

    private long Away()
    {
        _profit.Postpone(0);
        long time = 1;
        while (!_profit.MayTry(time))
            time *= 2;
        long low = time / 2;
        while (low + 1 < time)
        {
            long middle = (low + time) / 2;
            if (_profit.MayTry(middle))
                time = middle;
            else
                low = middle;
        }

        return time;
    }

    /// <summary>Times in microseconds; of each 7 inside are for the change.</summary>
    private bool[] Ways(int count, long inside, long all, long mapping = 0, long unmapped = 0) =>
    [
        .. Enumerable.Range(0, count).Select(_ =>
            _profit.IsWorthIt(inside * s_microsecond, 7 * s_microsecond, mapping * s_microsecond, unmapped, all * s_microsecond, now: 0)),
    ];
}
