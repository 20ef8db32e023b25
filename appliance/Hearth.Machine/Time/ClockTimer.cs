namespace Hearth.Machine;

/// <summary>A timer of a <see cref="VirtualClock"/>. The clock's lock guards its fields.</summary>
internal sealed class ClockTimer(VirtualClock clock, Action callback) : IClockTimer
{
    public Action Callback { get; } = callback;

    /// <summary>Virtual nanoseconds; meaningful while armed.</summary>
    public long Deadline { get; set; }

    /// <summary>The place in the heap; -1 while disarmed.</summary>
    public int HeapIndex { get; set; } = -1;

    public bool IsDisposed { get; set; }

    public void Arm(long deadline) => clock.Arm(this, deadline);

    public void Disarm() => clock.Disarm(this);

    public void Dispose() => clock.Release(this);
}
