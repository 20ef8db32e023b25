using System.Globalization;
using System.Runtime.CompilerServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>
/// Real-time turns on the processors (sched(7), SCHED_RR, at its lowest priority): before everything that has an ordinary share of them, however large. What is started by
/// <see cref="ProcessImage"/> or put in a jail does not inherit it.
/// </summary>
/// <remarks>
/// All threads of a process have it or none: one that spins until another gets on would keep the processor from it. Threads that a program creates inherit it if it was compiled ahead of time; where
/// methods are compiled while it runs, the runtime gives most threads an ordinary share and some a higher priority than their creator's, and the program stood still for 13 s.
/// </remarks>
public static unsafe class RoundRobin
{
    private const int Priority = 1;

    /// <summary>True where the calling thread has it.</summary>
    internal static bool IsHeld => HasIt(0);

    /// <summary>Gives it to the calling thread, the only one of the program's own yet, and all that it creates.</summary>
    /// <returns>False where the host does not let this user, or threads would not inherit it: then nobody has it, whoever gave it to this process.</returns>
    public static bool TryTake()
    {
        if (!RuntimeFeature.IsDynamicCodeCompiled)
            return TrySet();
        GiveUp();
        return false;
    }

    /// <summary>Gives it to the calling thread.</summary>
    internal static bool TrySet()
    {
        // SAFETY: here as below the kernel reads it during the call.
        var parameter = new Libc.sched_param { Priority = Priority };
        return Libc.sched_setscheduler(0, Libc.SCHED_RR, &parameter) == 0;
    }

    /// <summary>Takes it from all threads of this process, from the calling one last.</summary>
    public static void GiveUp()
    {
        int own = Libc.gettid();
        while (GiveUpBut(own))
        {
            // Some had it: they may have created others meanwhile.
        }

        _ = TryGiveUp(own);
    }

    private static bool GiveUpBut(int own)
    {
        bool found = false;
        foreach (string task in Directory.EnumerateDirectories("/proc/self/task"))
        {
            int thread = int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture);
            found |= thread != own && TryGiveUp(thread);
        }

        return found;
    }

    private static bool TryGiveUp(int thread)
    {
        var parameter = new Libc.sched_param();
        return HasIt(thread) && Libc.sched_setscheduler(thread, Libc.SCHED_OTHER, &parameter) == 0;
    }

    private static bool HasIt(int thread) => Libc.sched_getscheduler(thread) == Libc.SCHED_RR;
}
