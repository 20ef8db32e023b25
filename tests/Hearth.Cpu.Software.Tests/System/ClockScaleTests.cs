namespace Hearth.Cpu.Software.Tests;

public sealed class ClockScaleTests
{
    [Theory]
    [InlineData(1_000_000_000UL, 0x8000_0000U, 1)]
    [InlineData(2_500_000_000UL, 0xCCCC_CCCCU, -1)]
    [InlineData(2_000_000_000UL, 0x8000_0000U, 0)]
    [InlineData(4_700_122_000UL, 0xD9DD_DF14U, -2)]
    [InlineData(100_000_000UL, 0xA000_0000U, 4)]
    public void Multiplier_is_as_exact_as_it_can_be(ulong frequency, uint multiplier, int shift)
    {
        var scale = new ClockScale(frequency);

        Assert.Equal((multiplier, shift), (scale.Multiplier, (int)scale.Shift));
    }

    [Theory]
    [InlineData(1_000UL)]
    [InlineData(799_991_000UL)]
    [InlineData(2_599_998_000UL)]
    [InlineData(6_000_000_000UL)]
    public void A_day_is_a_day_to_50_microseconds(ulong frequency)
    {
        const ulong Day = 86_400;
        const ulong Nanoseconds = Day * 1_000_000_000;
        const ulong Tolerance = 50_000; // 2⁻³¹ of it

        ulong time = new ClockScale(frequency).ToNanoseconds(Day * frequency);

        Assert.InRange(time, Nanoseconds - Tolerance, Nanoseconds);
    }
}
