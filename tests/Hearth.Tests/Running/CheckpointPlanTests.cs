using Hearth.Running;

namespace Hearth.Tests.Running;

public sealed class CheckpointPlanTests
{
    private const long Plenty = long.MaxValue;

    private static readonly DateTimeOffset s_now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Excess_lastTenMinutes_keepsAll()
    {
        SavedStateRecord[] states = [.. Ages(TimeSpan.FromSeconds(30), 20).Select(Checkpoint)];

        Assert.Empty(CheckpointPlan.Excess(states, s_now, Plenty));
    }

    [Fact]
    public void Excess_lastHour_keepsOneOfEachFiveMinutes()
    {
        SavedStateRecord[] states = [.. Ages(TimeSpan.FromSeconds(30), 120).Select(Checkpoint)];

        IReadOnlyList<long> gone = CheckpointPlan.Excess(states, s_now, Plenty);
        TimeSpan[] kept = [.. states.Where(state => !gone.Contains(state.Id)).Select(state => s_now - state.Taken).Where(age => age > TimeSpan.FromMinutes(10))];

        Assert.Equal(10, kept.Length);
        Assert.All(kept.Zip(kept.Skip(1)), pair => Assert.InRange((pair.Second - pair.First).TotalMinutes, 4.5, 5.5));
    }

    /// <summary>As it is used: after each checkpoint. What is kept once is not given up for a later one of the same five minutes.</summary>
    [Fact]
    public void Excess_afterEachCheckpointOfADay_keepsFewAndOfAllAges()
    {
        var states = new List<SavedStateRecord>();
        DateTimeOffset start = s_now - TimeSpan.FromDays(1);
        for (DateTimeOffset now = start; now < s_now; now += TimeSpan.FromSeconds(30))
        {
            states.Insert(0, At(now, states.Count == 0 ? 1 : states[0].Id + 1));
            IReadOnlyList<long> gone = CheckpointPlan.Excess(states, now, Plenty);
            states.RemoveAll(state => gone.Contains(state.Id));
        }

        Assert.InRange(states.Count, 40, 60);
        Assert.InRange((s_now - states[^1].Taken).TotalHours, 22, 24);
    }

    [Fact]
    public void Excess_olderThanAWeek_goes_butForThePinnedTheSavedAndTheLast()
    {
        var old = TimeSpan.FromDays(30);
        SavedStateRecord[] states =
        [
            Checkpoint(old, 0) with { Id = 5 },
            Checkpoint(old + TimeSpan.FromHours(1), 0) with { Id = 4, IsPinned = true },
            Checkpoint(old + TimeSpan.FromHours(2), 0) with { Id = 3, IsCheckpoint = false },
            Checkpoint(old + TimeSpan.FromHours(3), 0) with { Id = 2 },
        ];

        Assert.Equal([2L], CheckpointPlan.Excess(states, s_now, Plenty));
    }

    [Fact]
    public void Excess_noRoom_givesUpTheOldest_neverThePinnedNorTheLast()
    {
        SavedStateRecord[] states = [.. Ages(TimeSpan.FromSeconds(30), 5).Select(Checkpoint)];
        states[2] = states[2] with { IsPinned = true };

        IReadOnlyList<long> gone = CheckpointPlan.Excess(states, s_now, room: 250);

        Assert.Equal([states[4].Id, states[3].Id], gone);
        Assert.Equal([states[4].Id, states[3].Id, states[1].Id], CheckpointPlan.Excess(states, s_now, room: 0));
    }

    private static IEnumerable<TimeSpan> Ages(TimeSpan each, int count) => Enumerable.Range(0, count).Select(i => each * i);

    private static SavedStateRecord Checkpoint(TimeSpan age, int index) => At(s_now - age, 1000 - index);

    private static SavedStateRecord At(DateTimeOffset taken, long id) => new(id, 1, taken, IsCheckpoint: true, IsPinned: false, null, 0, 100, TimeSpan.Zero);
}
