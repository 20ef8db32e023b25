namespace Hearth.Linux.Jail;

/// <summary>What stands between a jailed process and the host. Each holds by itself when another is lacking; <c>docs/jail.md</c> says what each gives.</summary>
[Flags]
public enum JailLayers
{
    None = 0,

    /// <summary>A user and a group that nothing else on the host runs as (credentials(7)).</summary>
    OwnUser = 1 << 0,

    /// <summary>Its own user, mount, network, process, IPC, host name and cgroup namespaces (namespaces(7)).</summary>
    Namespaces = 1 << 1,

    /// <summary>No capability, and none that a program could bring back (capabilities(7)).</summary>
    NoCapabilities = 1 << 2,

    /// <summary>No program that it executes has more rights than it has (PR_SET_NO_NEW_PRIVS(2const)).</summary>
    NoNewPrivileges = 1 << 3,

    /// <summary>No file can be opened for writing, made, renamed or removed (landlock(7)).</summary>
    FileRules = 1 << 4,

    /// <summary>No TCP port can be bound or connected to (landlock(7), ABI 4).</summary>
    NetworkRules = 1 << 5,

    /// <summary>No signal to, and no abstract socket of, a process outside (landlock(7), ABI 6).</summary>
    ScopeRules = 1 << 6,

    /// <summary>Bounds of descriptors and threads, and no core dump (getrlimit(2)).</summary>
    ResourceLimits = 1 << 7,

    /// <summary>Bounds of memory and processor time, together with everything it starts (cgroups(7)).</summary>
    Cgroup = 1 << 8,

    /// <summary>An empty read-only directory instead of a file system (pivot_root(2)).</summary>
    EmptyRoot = 1 << 9,

    /// <summary>Only the system calls on a list, in all threads (seccomp(2)).</summary>
    SystemCalls = 1 << 10,
}
