namespace Hearth.Machine;

/// <summary>The machine's own time. It stands still while the machine is paused or saved, so a guest never sees the gap.</summary>
public interface IVirtualClock
{
    /// <summary>Nanoseconds of running time since power-on.</summary>
    long Now { get; }

    /// <summary>The wall clock the RTC shows; it is set by the host and never stands still.</summary>
    DateTimeOffset WallClock { get; }

    /// <summary>
    /// Creates a timer, disarmed. <paramref name="callback"/> runs on the clock's thread without any lock held, may arm its
    /// own timer again, and must be short.
    /// </summary>
    IClockTimer CreateTimer(Action callback);
}
