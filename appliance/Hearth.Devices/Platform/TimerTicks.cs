using Hearth.Machine;

namespace Hearth.Devices.Platform;

/// <summary>How timers give their ticks to interrupt lines, also those that a busy host has let pass unseen.</summary>
internal static class TimerTicks
{
    /// <summary>Nanoseconds: a guest that asks for more interrupts a second than this allows gets fewer.</summary>
    public const long ShortestPeriod = 20_000;

    // Nanoseconds of ticks that are made up for: longer than a host keeps a vCPU waiting, short enough not to flood a guest
    // that has had its interrupts off.
    private const long LongestBacklog = 500_000_000;

    /// <param name="ticks">How many have come about since the last call; at least 1.</param>
    /// <param name="period">Nanoseconds between two; zero when there is only one.</param>
    public static void Give(IEdgeLine line, ulong ticks, long period)
    {
        int limit = period < ShortestPeriod ? 1 : (int)Math.Max(LongestBacklog / period, 1);
        line.Pulse((int)Math.Min(ticks, (ulong)limit), limit);
    }
}
