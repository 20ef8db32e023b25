namespace Hearth.Doctor.Facts;

/// <summary>Memory in bytes, from /proc/meminfo; null for what the kernel does not tell.</summary>
/// <param name="Available">What can be had without swapping.</param>
/// <param name="HugePages">Pools of huge pages.</param>
/// <param name="TransparentHugePages"><c>always</c>, <c>madvise</c> or <c>never</c>.</param>
internal sealed record MemoryFacts(
    long? Total,
    long? Free,
    long? Available,
    long? SwapTotal,
    long? SwapFree,
    IReadOnlyList<HugePagePool> HugePages,
    string? TransparentHugePages,
    string? Note);
