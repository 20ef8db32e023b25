using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>A clock that moves only when a test says so; timers fire inside <see cref="Advance"/>, in order of their deadlines.</summary>
public sealed class ManualClock : IVirtualClock
{
    // A device that arms its timer again and again at one instant is a bug that would otherwise hang the test.
    private const int MaximumCallbacks = 1_000_000;

    private readonly List<Timer> _timers = [];

    public long Now { get; private set; }

    /// <summary>The wall clock at virtual time zero; a fixed date unless a test sets it.</summary>
    public DateTimeOffset Epoch { get; set; } = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public DateTimeOffset WallClock => Epoch + TimeSpan.FromTicks(Now / 100);

    /// <summary>The deadline of the next timer, or null when none is armed.</summary>
    public long? NextDeadline
    {
        get
        {
            Timer? next = Next();
            return next?.Deadline;
        }
    }

    /// <summary>Timers that exist and are not disposed.</summary>
    public int TimerCount => _timers.Count;

    public IClockTimer CreateTimer(Action callback)
    {
        var timer = new Timer(this, callback);
        _timers.Add(timer);
        return timer;
    }

    /// <summary>Lets time pass and runs what falls due.</summary>
    /// <param name="nanoseconds">Zero fires only what is due already.</param>
    public void Advance(long nanoseconds)
    {
        long end = Now + nanoseconds;
        for (int callbacks = 0; Next() is { } timer && timer.Deadline <= end; callbacks++)
        {
            if (callbacks == MaximumCallbacks)
                throw new InvalidOperationException("A timer keeps arming itself without time passing.");
            Now = Math.Max(Now, timer.Deadline);
            timer.Disarm();
            timer.Callback();
        }

        Now = end;
    }

    /// <summary>Sets the time without firing anything, as a restore does.</summary>
    public void Set(long now) => Now = now;

    private Timer? Next()
    {
        Timer? next = null;
        foreach (Timer timer in _timers)
        {
            if (timer.IsArmed && (next is null || timer.Deadline < next.Deadline))
                next = timer;
        }

        return next;
    }

    private sealed class Timer(ManualClock clock, Action callback) : IClockTimer
    {
        public Action Callback { get; } = callback;

        public long Deadline { get; private set; }

        public bool IsArmed { get; private set; }

        public void Arm(long deadline)
        {
            Deadline = deadline;
            IsArmed = true;
        }

        public void Disarm() => IsArmed = false;

        public void Dispose()
        {
            Disarm();
            clock._timers.Remove(this);
        }
    }
}
