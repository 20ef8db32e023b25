namespace Hearth.Machine;

/// <summary>A one-shot timer on an <see cref="IVirtualClock"/>. Calls are cheap, thread-safe and do not allocate.</summary>
/// <remarks>
/// A callback that was already due may still run once after <see cref="Disarm"/> or a new <see cref="Arm"/>: a device
/// checks its own state under its own lock.
/// </remarks>
public interface IClockTimer : IDisposable
{
    /// <param name="deadline">Virtual nanoseconds since power-on; a time in the past fires at once.</param>
    void Arm(long deadline);

    void Disarm();
}
