using System.Diagnostics;
using System.Globalization;

namespace Hearth.Cpu.Software;

/// <summary>What the direct tier of a vCPU did.</summary>
internal sealed class DirectCounters
{
    private readonly long[] _exits = new long[Enum.GetValues<DirectExit>().Length];
    private long _ticks;

    public long Entries { get; set; }

    public long Filled { get; set; }

    /// <summary>Why the host allows no process for user code; null where it does, or was not asked.</summary>
    public string? Refusal { get; set; }

    public void Count(DirectExit exit, long ticks)
    {
        _exits[(int)exit]++;
        _ticks += ticks;
    }

    public void Add(DirectCounters other)
    {
        for (int i = 0; i < _exits.Length; i++)
            _exits[i] += other._exits[i];
        _ticks += other._ticks;
        Entries += other.Entries;
        Filled += other.Filled;
        Refusal ??= other.Refusal;
    }

    public IEnumerable<EngineStatistic> Describe()
    {
        yield return new EngineStatistic("direct: entries", Text(Entries));
        if (Refusal is not null)
            yield return new EngineStatistic("direct: refused", Refusal);
        yield return new EngineStatistic("direct: time", string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(0, _ticks).TotalMilliseconds:F1} ms"));
        yield return new EngineStatistic("direct: faults served by mapping", Text(Filled));
        foreach (DirectExit exit in Enum.GetValues<DirectExit>())
            yield return new EngineStatistic($"direct: exits: {exit}", Text(_exits[(int)exit]));
    }

    private static string Text(long count) => string.Create(CultureInfo.InvariantCulture, $"{count:N0}");
}
