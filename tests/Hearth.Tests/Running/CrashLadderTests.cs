using Hearth.Running;

namespace Hearth.Tests.Running;

public sealed class CrashLadderTests
{
    private const int Most = 5;

    private static readonly SavedStateRecord[] s_states = [.. new long[] { 9, 8, 7 }.Select(id => new SavedStateRecord(id, 1, default, true, false, null, 0, 0, default))];

    private readonly SetClock _clock = new();
    private readonly CrashLadder _ladder;

    public CrashLadderTests() => _ladder = new CrashLadder(_clock, Most);

    [Fact]
    public void Crashed_againAndAgain_goesDownTheLadder_andEnds()
    {
        LadderStep[] steps = [.. Enumerable.Range(0, Most + 1).Select(_ => Crash(TimeSpan.FromSeconds(1)))];

        Assert.Equal([9L, 8L, null, null, null, null], steps.Select(step => step.State));
        Assert.Equal([false, false, false, false, false, true], steps.Select(step => step.IsOver));
    }

    [Fact]
    public void Crashed_afterItHasRunForAWhile_beginsAnew()
    {
        Crash(TimeSpan.Zero);

        Assert.Equal(new LadderStep(false, 9), Crash(TimeSpan.FromSeconds(61)));
    }

    [Fact]
    public void Crashed_nowAndThen_isNeverOver()
    {
        Assert.All(Enumerable.Range(0, 40), _ => Assert.False(Crash(TimeSpan.FromMinutes(4)).IsOver));
    }

    [Fact]
    public void Crashed_withoutStates_boots() => Assert.Equal(new LadderStep(false, null), _ladder.Crashed([]));

    [Fact]
    public void Forget_afterTheEnd_beginsAnew()
    {
        for (int i = 0; i <= Most; i++)
            Crash(TimeSpan.Zero);

        _ladder.Forget();

        Assert.Equal(new LadderStep(false, 9), Crash(TimeSpan.Zero));
    }

    private LadderStep Crash(TimeSpan after)
    {
        _clock.Now += after;
        return _ladder.Crashed(s_states);
    }

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
