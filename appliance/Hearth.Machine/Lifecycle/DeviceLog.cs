using System.Collections.Concurrent;

namespace Hearth.Machine;

/// <summary>Counts guest errors for each device and message, and writes each one out at most once a second.</summary>
public sealed class DeviceLog : IDeviceLog
{
    private readonly ConcurrentDictionary<(string Device, string Message), Entry> _entries = new();
    private readonly TimeProvider _time;
    private readonly Action<string> _write;

    /// <param name="time">Measures the rate.</param>
    /// <param name="write">Takes one line without a line end; from any thread.</param>
    public DeviceLog(TimeProvider time, Action<string> write)
    {
        _time = time;
        _write = write;
    }

    public void GuestError(string device, string message, ulong value)
    {
        Entry entry = _entries.GetOrAdd((device, message), static _ => new Entry());
        long count = Interlocked.Increment(ref entry.Count);
        long now = _time.GetTimestamp();
        long next = Volatile.Read(ref entry.NextLine);
        if (now < next || Interlocked.CompareExchange(ref entry.NextLine, now + _time.TimestampFrequency, next) != next)
            return;
        _write(count == 1 ? $"{device}: {message} (0x{value:x})" : $"{device}: {message} (0x{value:x}, {count} times so far)");
    }

    /// <summary>How often a device reported a message.</summary>
    public long CountOf(string device, string message) =>
        _entries.TryGetValue((device, message), out Entry? entry) ? Interlocked.Read(ref entry.Count) : 0;

    private sealed class Entry
    {
        public long Count;
        public long NextLine = long.MinValue;
    }
}
