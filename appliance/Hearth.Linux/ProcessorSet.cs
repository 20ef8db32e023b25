using System.Runtime.CompilerServices;

namespace Hearth.Linux;

/// <summary>A set of the host's processors, as sched_setaffinity(2) takes it; up to 1024 of them.</summary>
[InlineArray(Words)]
public struct ProcessorSet
{
    private const int Words = 16;

    private ulong _first;

    /// <summary>A set of one.</summary>
    public static ProcessorSet Of(int processor)
    {
        ProcessorSet set = default;
        set[processor >> 6] = 1UL << (processor & 63);
        return set;
    }
}
