namespace Hearth.Devices.Platform.PowerManagement;

/// <summary>
/// The 24-bit ACPI timer (ACPI 6.5, section 4.8.3.3): it counts from power-on and has no state but the status that its
/// highest bit has changed, which is kept as the last change that the guest acknowledged.
/// </summary>
internal struct PowerManagementTimer
{
    /// <summary>Ticks a second.</summary>
    public const long Frequency = 3_579_545;

    public const uint Mask = 0xFF_FFFF;

    private const long NanosecondsPerSecond = 1_000_000_000;
    private const int HighestBit = 23;

    /// <summary>How often the highest bit had changed when the guest last cleared TMR_STS.</summary>
    public ulong AcknowledgedChanges { get; set; }

    /// <param name="now">Virtual nanoseconds.</param>
    public static uint Value(long now) => (uint)Ticks(now) & Mask;

    public readonly bool HasChanged(long now) => Ticks(now) >> HighestBit != AcknowledgedChanges;

    public void Acknowledge(long now) => AcknowledgedChanges = Ticks(now) >> HighestBit;

    /// <summary>When the highest bit changes next after the acknowledged change, in virtual nanoseconds.</summary>
    public readonly long NextChange()
    {
        UInt128 ticks = (UInt128)(AcknowledgedChanges + 1) << HighestBit;
        UInt128 nanoseconds = (ticks * NanosecondsPerSecond / Frequency) + 1;
        return nanoseconds > long.MaxValue ? long.MaxValue : (long)nanoseconds;
    }

    private static ulong Ticks(long now)
    {
        (long seconds, long rest) = Math.DivRem(now, NanosecondsPerSecond);
        return (ulong)((seconds * Frequency) + (rest * Frequency / NanosecondsPerSecond));
    }
}
