namespace Hearth.Machine;

/// <summary>
/// The machine's clock on the host's monotonic clock, with one thread that runs the timers. It is created standing still
/// at zero.
/// </summary>
/// <remarks>
/// Lock order: <c>_dispatch</c>, then device locks, then <c>_lock</c>. <c>_dispatch</c> is held while a callback runs, so
/// that <see cref="Stop"/> can wait for the last one; devices take their own lock in the callback and arm timers inside it.
/// </remarks>
public sealed class VirtualClock : IVirtualClock, IMachineDevice, IDisposable
{
    private const byte StateVersion = 1;
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly Lock _dispatch = new();
    private readonly Lock _lock = new();
    private readonly TimerHeap _heap = new();
    private readonly TimeProvider _host;
    private readonly IParker _parker;
    private readonly Thread _thread;

    // Replaced as a whole, so that Now needs no lock.
    private volatile Epoch _epoch;

    // Until when (virtual) the thread sleeps; MinValue while it is awake and will look at the heap anyway. Under _lock.
    private long _sleepsUntil = long.MinValue;
    private long _stoppedSince;
    private long _totalStopped;
    private bool _isDisposed;

    /// <param name="host">The host's clocks; its timers are not used.</param>
    /// <param name="parker">How the thread waits; <see cref="PortableParker"/> when null.</param>
    public VirtualClock(TimeProvider host, IParker? parker = null)
    {
        _host = host;
        _parker = parker ?? new PortableParker();
        _epoch = new Epoch(false, 0);
        _stoppedSince = HostNow();
        _thread = new Thread(RunTimers) { Name = "clock", IsBackground = true };
        _thread.Start();
    }

    public string Name => "clock";

    public bool IsRunning => _epoch.IsRunning;

    public long Now
    {
        get
        {
            Epoch epoch = _epoch;
            return epoch.IsRunning ? HostNow() + epoch.Offset : epoch.Offset;
        }
    }

    public DateTimeOffset WallClock => _host.GetUtcNow();

    /// <summary>Nanoseconds of host time the clock has stood still since it was created, the current stop included.</summary>
    public long TotalStopped
    {
        get
        {
            lock (_lock)
                return _totalStopped + (_epoch.IsRunning ? 0 : HostNow() - _stoppedSince);
        }
    }

    public IClockTimer CreateTimer(Action callback)
    {
        lock (_lock)
            _heap.Reserve();
        return new ClockTimer(this, callback);
    }

    /// <summary>Lets time pass.</summary>
    /// <returns>Nanoseconds of host time the clock stood still; zero when it ran already.</returns>
    public long Start()
    {
        lock (_lock)
        {
            if (_epoch.IsRunning)
                return 0;
            long host = HostNow();
            long stopped = host - _stoppedSince;
            _totalStopped += stopped;
            _epoch = new Epoch(true, _epoch.Offset - host);
            WakeLocked();
            return stopped;
        }
    }

    /// <summary>Stops time. When this returns no timer callback runs, unless it is called from one.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            if (_epoch.IsRunning)
            {
                _stoppedSince = HostNow();
                _epoch = new Epoch(false, _stoppedSince + _epoch.Offset);
            }
        }

        lock (_dispatch)
        {
            // A callback that had begun has ended; the next one sees the clock stopped.
        }
    }

    /// <summary>Sets the time of a stopped clock, before a saved machine is restored.</summary>
    /// <param name="now">Nanoseconds of running time since power-on.</param>
    /// <exception cref="InvalidOperationException">The clock runs.</exception>
    public void Set(long now)
    {
        lock (_lock)
        {
            if (_epoch.IsRunning)
                throw new InvalidOperationException("The virtual clock can only be set while it stands still.");
            _epoch = new Epoch(false, now);
        }
    }

    /// <summary>Lets a stopped clock jump ahead: timers that were due meanwhile are due at once when it starts.</summary>
    /// <exception cref="InvalidOperationException">The clock runs.</exception>
    public void Advance(TimeSpan by) => Set(Now + (by.Ticks * 100));

    /// <summary>Nothing: running time counts from the first power-on, a reset does not turn it back.</summary>
    public void Reset()
    {
    }

    public void Save(IStateWriter to)
    {
        to.WriteVersion(StateVersion);
        to.WriteInt64(Now);
    }

    public void Restore(IStateReader from)
    {
        from.ReadVersion(Name, StateVersion);
        Set(from.ReadInt64());
    }

    /// <summary>Ends the thread. The parker is the caller's and may be disposed afterwards; timers armed later never fire.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            WakeLocked();
        }

        if (Thread.CurrentThread != _thread)
            _thread.Join();
    }

    internal void Arm(ClockTimer timer, long deadline)
    {
        lock (_lock)
        {
            if (timer.IsDisposed || _isDisposed)
                return;
            _heap.Set(timer, deadline);
            if (deadline < _sleepsUntil && _epoch.IsRunning)
                WakeLocked();
        }
    }

    internal void Disarm(ClockTimer timer)
    {
        // The thread is not woken: waking once for nothing is cheaper than a wake-up for every disarmed timer.
        lock (_lock)
            _heap.Remove(timer);
    }

    internal void Release(ClockTimer timer)
    {
        lock (_lock)
        {
            if (timer.IsDisposed)
                return;
            timer.IsDisposed = true;
            _heap.Remove(timer);
            _heap.Release();
        }
    }

    private void WakeLocked()
    {
        _sleepsUntil = long.MinValue;
        _parker.Unpark();
    }

    private void RunTimers()
    {
        while (true)
        {
            long wait;
            lock (_dispatch)
            {
                if (!TryTakeDue(out ClockTimer? due, out wait))
                    return;
                due?.Callback();
            }

            if (wait > 0)
                _parker.Park(wait);
        }
    }

    /// <param name="wait">Nanoseconds until the next timer; zero when one is due.</param>
    /// <returns>False when the clock is disposed.</returns>
    private bool TryTakeDue(out ClockTimer? due, out long wait)
    {
        lock (_lock)
        {
            due = null;
            wait = long.MaxValue;
            _sleepsUntil = long.MaxValue;
            if (_isDisposed)
                return false;
            if (!_epoch.IsRunning || _heap.First is not { } first)
                return true;

            wait = Math.Max(0, first.Deadline - Now);
            _sleepsUntil = first.Deadline;
            if (wait == 0)
            {
                _sleepsUntil = long.MinValue;
                _heap.Remove(first);
                due = first;
            }

            return true;
        }
    }

    private long HostNow()
    {
        long ticks = _host.GetTimestamp();
        long frequency = _host.TimestampFrequency;
        return frequency == NanosecondsPerSecond ? ticks : (long)((Int128)ticks * NanosecondsPerSecond / frequency);
    }

    /// <param name="Offset">Running: what to add to host time. Stopped: the time itself.</param>
    private sealed record Epoch(bool IsRunning, long Offset);
}
