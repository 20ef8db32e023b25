namespace Hearth.Linux.Jail;

/// <summary>What the kernel counts of a process by itself (getrlimit(2)). Memory and time are bounded by a <see cref="Cgroup"/>.</summary>
public sealed record JailLimits
{
    /// <summary>Open descriptors (RLIMIT_NOFILE); more than every number that is given.</summary>
    public int Descriptors { get; init; } = 1024;

    /// <summary>
    /// Processes and threads (RLIMIT_NPROC). The kernel counts those of a user in a user namespace: the limit is not set for a process that
    /// shares its user with others and has no namespace of its own.
    /// </summary>
    public int Threads { get; init; } = 512;
}
