namespace Hearth.Machine.Tests.Time;

/// <summary>Waits for <see cref="Unpark"/> alone, and notes how it was asked to wait.</summary>
internal sealed class CountingParker : IParker
{
    private readonly object _lock = new();
    private bool _unparked;
    private long _lastWait;
    private int _parks;
    private int _unparks;

    public int Parks => Volatile.Read(ref _parks);

    public int Unparks => Volatile.Read(ref _unparks);

    public long LastWait => Volatile.Read(ref _lastWait);

    public void Park(long nanoseconds)
    {
        lock (_lock)
        {
            _lastWait = nanoseconds;
            _parks++;
            while (!_unparked)
                Monitor.Wait(_lock);
            _unparked = false;
        }
    }

    public void Unpark()
    {
        lock (_lock)
        {
            _unparks++;
            _unparked = true;
            Monitor.Pulse(_lock);
        }
    }
}
