namespace Hearth.Machine;

/// <summary>
/// Waits with what .NET offers everywhere. Its waits have millisecond steps, so the last millisecond before a deadline is
/// spent yielding the processor; an operating system's own wait is kinder and more exact.
/// </summary>
public sealed class PortableParker : IParker
{
    private const long NanosecondsPerMillisecond = 1_000_000;

    private readonly object _lock = new();
    private bool _unparked;

    public void Park(long nanoseconds)
    {
        // A wait of n ms ends up to a tick after n ms have passed; waiting one less leaves the rest to the yields.
        long milliseconds = (nanoseconds / NanosecondsPerMillisecond) - 1;
        lock (_lock)
        {
            if (!_unparked && milliseconds > 0)
                Monitor.Wait(_lock, (int)Math.Min(milliseconds, int.MaxValue));
            _unparked = false;
        }

        if (milliseconds <= 0)
            Thread.Sleep(0);
    }

    public void Unpark()
    {
        lock (_lock)
        {
            _unparked = true;
            Monitor.Pulse(_lock);
        }
    }
}
