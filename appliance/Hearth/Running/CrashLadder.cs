namespace Hearth.Running;

/// <summary>What is done with a guest that ended by itself: its last checkpoint, the one before, a clean boot; after too many in a short time nothing more.</summary>
/// <remarks>Used by one thread at a time.</remarks>
/// <param name="most">So many in <see cref="Period"/> are borne.</param>
internal sealed class CrashLadder(TimeProvider clock, int most)
{
    public static readonly TimeSpan Period = TimeSpan.FromMinutes(15);

    /// <summary>Who lives so long after a step has been helped by it.</summary>
    private static readonly TimeSpan s_recovered = TimeSpan.FromSeconds(60);

    private readonly Queue<DateTimeOffset> _crashes = new();
    private DateTimeOffset _last;
    private int _step;

    /// <summary>The guest has ended by itself.</summary>
    /// <param name="states">Those it has, the newest first.</param>
    /// <returns>What is to be tried.</returns>
    public LadderStep Crashed(IReadOnlyList<SavedStateRecord> states)
    {
        DateTimeOffset now = clock.GetUtcNow();
        _step = now - _last > s_recovered ? 0 : _step + 1;
        _last = now;
        _crashes.Enqueue(now);
        while (_crashes.Peek() < now - Period)
            _crashes.Dequeue();
        if (_crashes.Count > most)
            return new LadderStep(IsOver: true, null);
        return _step < 2 && _step < states.Count ? new LadderStep(IsOver: false, states[_step].Id) : new LadderStep(IsOver: false, null);
    }

    /// <summary>Somebody has decided anew: what was is forgotten.</summary>
    public void Forget()
    {
        _crashes.Clear();
        (_last, _step) = (default, 0);
    }
}

/// <summary>What is tried.</summary>
/// <param name="IsOver">Nothing more: the guest is left alone, and everything of it is kept.</param>
/// <param name="State">The state it goes on from; null to boot.</param>
internal readonly record struct LadderStep(bool IsOver, long? State);
