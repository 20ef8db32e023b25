namespace Hearth.Supervisor.Tests.Soak;

/// <summary>How long something took, many times.</summary>
internal sealed class Times
{
    private readonly List<TimeSpan> _times = [];

    public int Count => _times.Count;

    public TimeSpan Longest => Percentile(100);

    public void Add(TimeSpan time) => _times.Add(time);

    /// <summary>So many percent of them took no longer.</summary>
    public TimeSpan Percentile(int percent) => _times.Order().ElementAt(Math.Max(0, ((_times.Count * percent) + 99) / 100 - 1));

    public override string ToString() =>
        FormattableString.Invariant($"p50 {Percentile(50).TotalMilliseconds:F0} ms, p95 {Percentile(95).TotalMilliseconds:F0} ms, max {Longest.TotalMilliseconds:F0} ms of {Count}");
}
