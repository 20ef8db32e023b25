using System.Diagnostics;

namespace Hearth.Proving;

/// <summary>
/// The one lock of a proving ground. Threads that hear something from the emulator or from the agent change what is known under it; a wait ends when
/// its condition holds, when the time is over, or as soon as the emulator is dead.
/// </summary>
internal sealed class GroundMonitor(SerialLog serial)
{
    private readonly object _gate = new();
    private string? _death;

    /// <summary>Changes what waits look at, and has them look.</summary>
    public void Update(Action change)
    {
        lock (_gate)
        {
            change();
            Monitor.PulseAll(_gate);
        }
    }

    public T Read<T>(Func<T> read)
    {
        lock (_gate)
            return read();
    }

    /// <summary>Ends this and every later wait. The first reason counts.</summary>
    public void Die(string reason) => Update(() => _death ??= reason);

    /// <summary>Waits for the emulator's end, where that is what it should come to.</summary>
    /// <returns>The reason that <see cref="Die"/> was given.</returns>
    /// <exception cref="ProvingGroundException">Time is over.</exception>
    public string WaitForDeath(TimeSpan patience, string what)
    {
        long start = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            while (_death is null)
            {
                TimeSpan left = patience - Stopwatch.GetElapsedTime(start);
                if (left <= TimeSpan.Zero)
                    throw Late(what, patience);
                Monitor.Wait(_gate, left);
            }

            return _death;
        }
    }

    /// <param name="condition">Evaluated under the lock.</param>
    /// <param name="what">What is waited for, as a noun.</param>
    /// <exception cref="ProvingGroundException">Time is over, or the emulator is dead.</exception>
    public void WaitUntil(Func<bool> condition, TimeSpan patience, string what)
    {
        long start = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            while (!condition())
            {
                ThrowIfDeadLocked(what);
                TimeSpan left = patience - Stopwatch.GetElapsedTime(start);
                if (left <= TimeSpan.Zero)
                    throw Late(what, patience);
                Monitor.Wait(_gate, left);
            }
        }
    }

    /// <summary>As <see cref="WaitUntil"/>, for a condition that no thread tells of: it is evaluated again and again, without the lock.</summary>
    public void Poll(Func<bool> condition, TimeSpan interval, TimeSpan patience, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            lock (_gate)
                ThrowIfDeadLocked(what);
            if (Stopwatch.GetElapsedTime(start) > patience)
                throw Late(what, patience);
            Thread.Sleep(interval);
        }
    }

    private void ThrowIfDeadLocked(string what)
    {
        if (_death is not null)
            throw new ProvingGroundException($"{_death}; {what} was waited for; {serial.Tail()}");
    }

    private ProvingGroundException Late(string what, TimeSpan patience) =>
        new($"{what} did not come within {patience.TotalSeconds:0.#} s; {serial.Tail()}");
}
