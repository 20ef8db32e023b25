namespace Hearth.Machine.Tests.Time;

/// <summary>A host clock that moves when told to, with ticks of 100 ns.</summary>
internal sealed class SteppedTime : TimeProvider
{
    private long _ticks = 5_000_000;

    public override long TimestampFrequency => 10_000_000;

    public override long GetTimestamp() => _ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(_ticks);

    public void Step(long nanoseconds) => _ticks += nanoseconds / 100;
}
