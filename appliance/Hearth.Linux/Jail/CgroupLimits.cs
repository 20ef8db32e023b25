namespace Hearth.Linux.Jail;

/// <summary>Bounds of a <see cref="Cgroup"/> (Documentation/admin-guide/cgroup-v2.rst). Null leaves what is there: no bound, in a new one.</summary>
public sealed record CgroupLimits
{
    /// <summary>memory.max, bytes: beyond it the kernel ends a process of the group.</summary>
    public long? Memory { get; init; }

    /// <summary>memory.swap.max, bytes; 0 for no swap.</summary>
    public long? Swap { get; init; }

    /// <summary>cpu.weight, 1 to 10000: the share of a group against its siblings, 100 by default.</summary>
    public int? ProcessorWeight { get; init; }

    /// <summary>cpu.max, as processors: 1.5 for one and a half.</summary>
    public double? Processors { get; init; }

    /// <summary>pids.max: processes and threads.</summary>
    public int? Threads { get; init; }
}
