namespace Hearth.Supervisor.Tests.Soak;

/// <summary>The host's clock, which can be put forward: what has happened is further back then. Timers take as long as they do.</summary>
internal sealed class LeapingClock : TimeProvider
{
    private long _ahead;

    public void Leap(TimeSpan time) => Interlocked.Add(ref _ahead, time.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + new TimeSpan(Interlocked.Read(ref _ahead));
}
