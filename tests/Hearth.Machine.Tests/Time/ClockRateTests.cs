namespace Hearth.Machine.Tests.Time;

public sealed class ClockRateTests
{
    [Theory]
    [InlineData(1_193_182u)]
    [InlineData(3_579_545u)]
    [InlineData(32_768u)]
    [InlineData(1u)]
    [InlineData(1_000_000_000u)]
    public void ToNanoseconds_IsTheFirstAtWhichTheTickShows(uint hertz)
    {
        var rate = new ClockRate(hertz);
        var random = new Random(1);

        Assert.All(Enumerable.Range(0, 1000), _ =>
        {
            ulong tick = 1 + ((ulong)random.NextInt64() >> random.Next(20, 63)) % (ulong.MaxValue / 4_000_000_000);
            long time = rate.ToNanoseconds(tick);
            Assert.Equal(tick, rate.ToTicks(time));
            Assert.Equal(tick - 1, rate.ToTicks(time - 1));
        });
    }

    [Fact]
    public void ToNanoseconds_OfTooMany_Saturates()
    {
        Assert.Equal(long.MaxValue, new ClockRate(1).ToNanoseconds(ulong.MaxValue));
    }
}
