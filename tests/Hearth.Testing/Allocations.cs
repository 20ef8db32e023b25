namespace Hearth.Testing;

/// <summary>Measures what code allocates on the managed heap.</summary>
public static class Allocations
{
    // So many that collections which other tests cause do not come into each.
    private const int Rounds = 60;

    /// <summary>
    /// The bytes that the calling thread allocates in an action in its steady state: what the best of several rounds does.
    /// What is allocated in every round is always seen.
    /// </summary>
    /// <remarks>
    /// One round does not tell. First calls load types and compile; and a background collection, which any other test may
    /// cause, takes the thread's allocation buffer away and counts the unused rest of it, up to 8 KiB, as allocated.
    /// </remarks>
    /// <param name="action">Run again and again; it must be able to.</param>
    /// <param name="prepare">Run before every round, and not measured.</param>
    public static long Of(Action action, Action? prepare = null)
    {
        ArgumentNullException.ThrowIfNull(action);
        Measure(action, prepare);
        long least = long.MaxValue;
        for (int i = 0; i < Rounds && least != 0; i++)
            least = Math.Min(least, Measure(action, prepare));
        return least;
    }

    private static long Measure(Action action, Action? prepare)
    {
        prepare?.Invoke();
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
