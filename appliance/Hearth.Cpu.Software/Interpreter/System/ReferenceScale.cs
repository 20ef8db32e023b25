namespace Hearth.Cpu.Software;

/// <summary>From ticks of a guest's time-stamp counter to units of 100 ns, by the arithmetic that a guest of Hyper-V's reference TSC page does.</summary>
/// <remarks>Units are ticks times <see cref="Multiplier"/>, by 2⁶⁴, plus an offset (Hypervisor Top-Level Functional Specification, "Partition Reference TSC Mechanism").</remarks>
internal readonly struct ReferenceScale
{
    private const ulong UnitsPerSecond = 10_000_000;
    private const ulong NanosecondsPerUnit = 100;

    /// <param name="frequency">Ticks a second, more than 10 MHz.</param>
    public ReferenceScale(ulong frequency) => Multiplier = (ulong)(((UInt128)UnitsPerSecond << 64) / frequency);

    public ulong Multiplier { get; }

    /// <summary>Whole units before the offset.</summary>
    public ulong Units(ulong ticks) => Math.BigMul(ticks, Multiplier, out _);

    /// <summary>Nanoseconds at ticks: a hundred times what a guest computes, and up to 99 more.</summary>
    public long Nanoseconds(ulong ticks, long offset)
    {
        ulong units = Math.BigMul(ticks, Multiplier, out ulong fraction);
        return (((long)units + offset) * (long)NanosecondsPerUnit) + (long)Math.BigMul(fraction, NanosecondsPerUnit, out _);
    }

    /// <summary>The offset with which the page shows a time at ticks.</summary>
    public long Offset(ulong ticks, ulong nanoseconds) => (long)((nanoseconds / NanosecondsPerUnit) - Units(ticks));
}
