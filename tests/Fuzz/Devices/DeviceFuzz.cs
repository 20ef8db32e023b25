namespace Hearth.Fuzz.Devices;

/// <summary>Random operations on a device, seeded and repeatable: none may throw, hang, or make it take more and more memory.</summary>
internal static class DeviceFuzz
{
    /// <summary>Bytes that may be held after a run beyond what was held before it.</summary>
    private const long MaximumGrowth = 16 << 20;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private static readonly Dictionary<string, Func<IFuzzTarget>> s_targets = new()
    {
        ["hda"] = () => new HdaTarget(),
        ["virtio-input"] = () => new VirtioInputTarget(),
    };

    public static IReadOnlyCollection<string> Names => s_targets.Keys;

    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <returns>Null, or what went wrong, with the operation at which it did.</returns>
    public static string? Run(string name, int seed, long operations)
    {
        IFuzzTarget target = s_targets[name]();
        using var resources = target as IDisposable;
        var random = new Random(seed);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (long operation = 0; operation < operations; operation++)
        {
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            if (Record(target, random) is { } error)
                return $"{name}, seed {seed}, operation {operation}: {error}";
            if (System.Diagnostics.Stopwatch.GetElapsedTime(start) > s_patience)
                return $"{name}, seed {seed}, operation {operation}: it took more than {s_patience.TotalSeconds} s";
        }

        long growth = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(target);
        return growth > MaximumGrowth ? $"{name}, seed {seed}: it holds {growth >> 20} MiB more after {operations} operations" : null;
    }

    private static Exception? Record(IFuzzTarget target, Random random)
    {
        try
        {
            target.Act(random);
            return null;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return error;
        }
    }
}
