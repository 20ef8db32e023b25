using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>What the kernel knows of the calling thread (prctl(2), setpriority(2), sched_setaffinity(2)).</summary>
public static class CurrentThread
{
    /// <summary>Makes timed waits of this thread end when they should, not up to 50 µs later as is the default.</summary>
    public static void UsePreciseTimers() => _ = Libc.prctl(Libc.PR_SET_TIMERSLACK, 1, 0, 0, 0);

    /// <summary>Lets this thread run before others of its host that want to, where the user may ask for it.</summary>
    /// <param name="nice">-20 for the most urgent to 19; 0 is what every thread begins with.</param>
    public static void TrySetNice(int nice) => _ = Libc.setpriority(Libc.PRIO_PROCESS, 0, nice);

    /// <summary>The processor this thread runs on at the moment; -1 when the kernel does not say.</summary>
    public static int Processor => Libc.sched_getcpu();

    /// <summary>The processors this thread may run on.</summary>
    /// <returns>False when the kernel refused.</returns>
    public static unsafe bool TryGetProcessors(out ProcessorSet processors)
    {
        fixed (ProcessorSet* set = &processors)
        {
            *set = default;
            return Libc.sched_getaffinity(0, (nuint)sizeof(ProcessorSet), set) == 0;
        }
    }

    /// <summary>Lets this thread run on these processors only.</summary>
    /// <returns>False when the kernel refused.</returns>
    public static unsafe bool TrySetProcessors(ProcessorSet processors) => Libc.sched_setaffinity(0, (nuint)sizeof(ProcessorSet), &processors) == 0;
}
