namespace Hearth.Testing;

/// <summary>Measures what code allocates on the managed heap.</summary>
public static class Allocations
{
    private const int Attempts = 5;

    /// <summary>
    /// The bytes that the calling thread allocates in an action, once it is warm: the least of several runs, because the
    /// runtime itself now and then accounts something (a first call, a collection on another thread) to the thread.
    /// </summary>
    public static long Of(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        action();
        long least = long.MaxValue;
        for (int i = 0; i < Attempts && least > 0; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
