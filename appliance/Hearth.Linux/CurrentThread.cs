using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>What the kernel knows of the calling thread (prctl(2)).</summary>
public static class CurrentThread
{
    /// <summary>Makes timed waits of this thread end when they should, not up to 50 µs later as is the default.</summary>
    public static void UsePreciseTimers() => _ = Libc.prctl(Libc.PR_SET_TIMERSLACK, 1, 0, 0, 0);
}
