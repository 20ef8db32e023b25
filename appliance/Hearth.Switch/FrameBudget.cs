namespace Hearth.Switch;

/// <summary>How many frames a port may send to many stations at once: a bucket that fills with time.</summary>
internal struct FrameBudget
{
    /// <summary>Frames a second, far above what discovery and address resolution need.</summary>
    public const int PerSecond = 2000;

    /// <summary>Frames at once.</summary>
    public const int Most = 1000;

    private const long MillisecondsPerSecond = 1000;

    private long _filledAt;
    private long _left;

    /// <param name="now">Milliseconds of any clock that does not go back.</param>
    public FrameBudget(long now)
    {
        _filledAt = now;
        _left = Most;
    }

    /// <summary>Takes one frame out.</summary>
    /// <returns>False when there is none left.</returns>
    public bool TryTake(long now)
    {
        long fill = (now - _filledAt) * PerSecond / MillisecondsPerSecond;
        if (fill > 0)
        {
            _left = Math.Min(Most, _left + fill);
            _filledAt = now;
        }

        return _left > 0 && _left-- > 0;
    }
}
