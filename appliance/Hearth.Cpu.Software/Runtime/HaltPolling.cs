using System.Diagnostics;

namespace Hearth.Cpu.Software;

/// <summary>
/// How long a halted vCPU stays awake for its next interrupt before its thread sleeps. To wake a thread on another processor takes the host up to
/// 80 µs, many times what the guest's work between two halts may take (a pipe between processes on two vCPUs).
/// </summary>
/// <remarks>
/// The time grows while interrupts come soon after the thread has gone to sleep, and shrinks when they come late, as in KVM's halt polling: a
/// guest with nothing to do costs no processor time. Times are <see cref="Stopwatch"/> ticks.
/// </remarks>
internal sealed class HaltPolling
{
    /// <summary>A sleep shorter than this would have been worth waiting for.</summary>
    private static readonly long s_longest = Stopwatch.Frequency / 2_000;
    private static readonly long s_first = Stopwatch.Frequency / 50_000;

    /// <summary>With one processor the one to wait for cannot run meanwhile.</summary>
    private static readonly bool s_isUseful = Environment.ProcessorCount > 1;

    private long _window;

    /// <summary>How long it stays awake at the moment.</summary>
    public long Window => _window;

    /// <returns>False when nothing came in the time that seemed worth it.</returns>
    public bool TryWait(ref int requests)
    {
        if (_window == 0)
            return Volatile.Read(ref requests) != 0;
        long end = Stopwatch.GetTimestamp() + _window;
        do
        {
            const int Pauses = 8;
            Thread.SpinWait(Pauses);
            if (Volatile.Read(ref requests) != 0)
                return true;
        }
        while (Stopwatch.GetTimestamp() < end);
        return false;
    }

    /// <param name="time">How long the thread has slept after it had waited in vain.</param>
    public void Slept(long time)
    {
        if (!s_isUseful)
            return;
        if (time > s_longest)
            _window = _window <= s_first ? 0 : _window / 2;
        else
            _window = Math.Min(Math.Max(_window * 2, s_first), s_longest);
    }
}
