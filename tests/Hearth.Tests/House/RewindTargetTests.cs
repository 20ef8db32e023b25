using Hearth.House;
using Hearth.Running;

namespace Hearth.Tests.House;

public sealed class RewindTargetTests
{
    private readonly HouseClock _clock = new();
    private readonly SavedStateRecord[] _states;

    public RewindTargetTests()
    {
        DateTimeOffset now = _clock.GetUtcNow();
        _states = [State(9, now - TimeSpan.FromSeconds(10)), State(8, now - TimeSpan.FromSeconds(40)), State(5, now - TimeSpan.FromHours(2))];
    }

    [Theory]
    [InlineData("10s", 9)]
    [InlineData("39s", 8)]
    [InlineData("40s", 8)]
    [InlineData("2m", 5)]
    [InlineData("1.5h", 5)]
    [InlineData("5", 5)]
    [InlineData("9", 9)]
    [InlineData("11:59", 5)]
    [InlineData("11:59:25", 8)]
    [InlineData("12:00", 9)]
    public void Choose_isTheLastStateBefore(string text, long expected) => Assert.Equal(expected, RewindTarget.Choose(text, "play", _states, _clock).Id);

    [Theory]
    [InlineData("soon", nameof(HouseFailure.Invalid), "\"soon\" is no time to go back to: write how long ago, as 40s, 2m or 3h, a time of day, as 13:05, or the number of a state")]
    [InlineData("", nameof(HouseFailure.Invalid), "\"\" is no time")]
    [InlineData("1e9d", nameof(HouseFailure.Invalid), "\"1e9d\" is no time")]
    [InlineData("999999999999d", nameof(HouseFailure.Invalid), "is no time")]
    [InlineData("7", nameof(HouseFailure.StateNotFound), "play has no state 7")]
    [InlineData("3h", nameof(HouseFailure.StateNotFound), "play has no state as old as that: the oldest is 5, of 2026-11-30 10:00:00")]
    [InlineData("12:01", nameof(HouseFailure.StateNotFound), "play has no state as old as that")]
    public void Choose_whatIsNotThere_saysWhatIs(string text, string failure, string expected)
    {
        var error = Assert.Throws<HouseException>(() => RewindTarget.Choose(text, "play", _states, _clock));

        Assert.Equal(failure, error.Failure.ToString());
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Choose_withoutStates_saysWhy() =>
        Assert.StartsWith("play has no state to go back to", Assert.Throws<HouseException>(() => RewindTarget.Choose("1s", "play", [], _clock)).Message, StringComparison.Ordinal);

    private static SavedStateRecord State(long id, DateTimeOffset taken) => new(id, 1, taken, true, false, null, 0, 0, TimeSpan.Zero);
}
