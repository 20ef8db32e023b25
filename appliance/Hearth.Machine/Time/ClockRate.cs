namespace Hearth.Machine;

/// <summary>Converts between virtual nanoseconds and the ticks of a counter, exactly and without overflow.</summary>
/// <param name="Hertz">Ticks a second, 1 to 4 × 10⁹.</param>
public readonly record struct ClockRate(uint Hertz)
{
    private const ulong NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Whole ticks in a time: the value of a counter that started at zero.</summary>
    /// <param name="nanoseconds">Not negative.</param>
    public ulong ToTicks(long nanoseconds)
    {
        (ulong seconds, ulong rest) = Math.DivRem((ulong)nanoseconds, NanosecondsPerSecond);
        return (seconds * Hertz) + (rest * Hertz / NanosecondsPerSecond);
    }

    /// <summary>The first nanosecond at which <see cref="ToTicks"/> gives <paramref name="ticks"/>; saturates.</summary>
    public long ToNanoseconds(ulong ticks)
    {
        (ulong seconds, ulong rest) = Math.DivRem(ticks, Hertz);
        if (seconds >= long.MaxValue / NanosecondsPerSecond)
            return long.MaxValue;
        return (long)((seconds * NanosecondsPerSecond) + (((rest * NanosecondsPerSecond) + Hertz - 1) / Hertz));
    }
}
