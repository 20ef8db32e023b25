using Hearth.Fuzz.Interop;

namespace Hearth.Fuzz.Oracle;

/// <summary>
/// Keeps tracer and child on one processor while it lives: a hand-over costs 3 µs there and 20 times that across processors.
/// </summary>
internal sealed unsafe class CpuPin : IDisposable
{
    private const int MaskWords = 16;

    private readonly ulong[] _previous = new ulong[MaskWords];
    private readonly ulong[] _single = new ulong[MaskWords];

    private CpuPin(int cpu)
    {
        _single[cpu / 64] = 1UL << (cpu % 64);
        fixed (ulong* previous = _previous)
            _ = Libc.sched_getaffinity(0, MaskWords * sizeof(ulong), previous);
        Pin(0);
    }

    /// <summary>Pins the calling thread to where it runs now.</summary>
    public static CpuPin Here() => new(Libc.sched_getcpu());

    /// <param name="thread">A thread id, or 0 for the calling thread.</param>
    public void Pin(int thread)
    {
        fixed (ulong* mask = _single)
            _ = Libc.sched_setaffinity(thread, MaskWords * sizeof(ulong), mask);
    }

    public void Dispose()
    {
        fixed (ulong* mask = _previous)
            _ = Libc.sched_setaffinity(0, MaskWords * sizeof(ulong), mask);
    }
}
