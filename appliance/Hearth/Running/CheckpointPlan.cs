namespace Hearth.Running;

/// <summary>Which checkpoints of a guest are kept: all of the last minutes, fewer the older they are, and no more than there is room for.</summary>
/// <remarks>What somebody has saved or pinned is never thinned out, and neither is the last state there is.</remarks>
internal static class CheckpointPlan
{
    private static readonly TimeSpan s_all = TimeSpan.FromMinutes(10);

    /// <summary>From which age on only one of each so long a time is kept; after the last, none.</summary>
    private static readonly (TimeSpan Age, TimeSpan Each)[] s_steps =
    [
        (TimeSpan.FromHours(1), TimeSpan.FromMinutes(5)),
        (TimeSpan.FromDays(1), TimeSpan.FromHours(1)),
        (TimeSpan.FromDays(7), TimeSpan.FromDays(1)),
    ];

    /// <param name="states">Those of one guest, the newest first.</param>
    /// <param name="room">Bytes that checkpoints may take together.</param>
    /// <returns>The identifiers of those that are to go, the oldest first.</returns>
    public static IReadOnlyList<long> Excess(IReadOnlyList<SavedStateRecord> states, DateTimeOffset now, long room)
    {
        var gone = new List<long>();
        var taken = new HashSet<(int Step, long Slot)>();
        long used = 0;

        // From the oldest on, so that the first of each slot stays the first while others come.
        foreach (SavedStateRecord state in states.Skip(1).Reverse().Where(IsFree))
        {
            int step = StepOf(now - state.Taken);
            bool isKept = step < 0 || (step < s_steps.Length && taken.Add((step, state.Taken.UtcTicks / s_steps[step].Each.Ticks)));
            if (!isKept)
                gone.Add(state.Id);
        }

        // What is left is measured from the newest on: the oldest give way.
        foreach (SavedStateRecord state in states.Where(state => state.IsCheckpoint && !gone.Contains(state.Id)))
        {
            used += state.NewBytes;
            if (used > room && state != states[0] && IsFree(state))
                gone.Add(state.Id);
        }

        return [.. gone.Order()];
    }

    private static bool IsFree(SavedStateRecord state) => state is { IsCheckpoint: true, IsPinned: false };

    private static int StepOf(TimeSpan age)
    {
        if (age <= s_all)
            return -1;
        int step = 0;
        while (step < s_steps.Length && age > s_steps[step].Age)
            step++;
        return step;
    }
}
