namespace Hearth.Cpu.Software;

/// <summary>From ticks of a guest's time-stamp counter to nanoseconds, by the arithmetic that a guest of the paravirtual clock does.</summary>
/// <remarks>
/// Nanoseconds are ticks, shifted left by <see cref="Shift"/> (right where it is negative), times <see cref="Multiplier"/>, by 2³² (Linux,
/// Documentation/virt/kvm/x86/msr.rst, MSR_KVM_SYSTEM_TIME_NEW).
/// </remarks>
internal readonly struct ClockScale
{
    private const ulong NanosecondsPerSecond = 1_000_000_000;

    /// <param name="frequency">Ticks a second, 1 kHz or more.</param>
    public ClockScale(ulong frequency)
    {
        // With its highest bit set the multiplier is as exact as it can be.
        int shift = 0;
        while (Ratio(frequency, shift) > uint.MaxValue)
            shift++;
        while (Ratio(frequency, shift - 1) <= uint.MaxValue)
            shift--;
        (Shift, Multiplier) = ((sbyte)shift, (uint)Ratio(frequency, shift));
    }

    public uint Multiplier { get; }

    public sbyte Shift { get; }

    public ulong ToNanoseconds(ulong ticks) => (ulong)(((UInt128)(Shift < 0 ? ticks >> -Shift : ticks << Shift) * Multiplier) >> 32);

    private static UInt128 Ratio(ulong frequency, int shift)
    {
        UInt128 unit = (UInt128)NanosecondsPerSecond << 32;
        return shift < 0 ? (unit << -shift) / frequency : unit / ((UInt128)frequency << shift);
    }
}
