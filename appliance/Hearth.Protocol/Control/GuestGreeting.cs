namespace Hearth.Protocol;

/// <summary>How a guest is.</summary>
/// <param name="Engine"><c>kvm</c> or <c>software</c>.</param>
/// <param name="IsPaused">It stands still because it was told to.</param>
/// <param name="Pages">Pages of memory.</param>
/// <param name="Base">The state that it has gone on from, or that was saved last; 0 for none.</param>
/// <param name="Fill">The memory that has to come still; null when all is there. Its descriptor is the first that comes with this.</param>
/// <param name="HasScreen">The guest has a screen, whose four descriptors are the last that come with this: picture, wish, and the events for both.</param>
public sealed record GuestGreeting(string Engine, bool IsPaused, long Pages, long Base, FillRequest? Fill, bool HasScreen)
{
    /// <summary>Ticks a second of this host's time-stamp counter, for the next process; 0 where it was not measured.</summary>
    public ulong HostTscFrequency { get; init; }

    /// <summary>A pipe comes with this, in front of the screen's descriptors, that is at its end as soon as the process has begun to end.</summary>
    public bool HasExitPipe { get; init; }
}
