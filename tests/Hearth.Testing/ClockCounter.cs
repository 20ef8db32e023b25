using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>A time-stamp counter of 2 GHz that follows a clock.</summary>
public sealed class ClockCounter(IVirtualClock clock) : ITimestampCounter
{
    public ulong Frequency => 2_000_000_000;

    /// <summary>Added to the counter, as a guest's WRMSR would.</summary>
    public ulong Offset { get; set; }

    public ulong Now => ((ulong)clock.Now * 2) + Offset;
}
