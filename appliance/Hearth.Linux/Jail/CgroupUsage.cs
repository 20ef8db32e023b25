namespace Hearth.Linux.Jail;

/// <summary>What a <see cref="Cgroup"/> uses. Null where its controller is not there.</summary>
/// <param name="Memory">memory.current, bytes.</param>
/// <param name="OutOfMemoryKills">memory.events, oom_kill: how many processes the kernel ended for want of memory.</param>
/// <param name="ProcessorTime">cpu.stat, usage_usec.</param>
public readonly record struct CgroupUsage(long? Memory, long? OutOfMemoryKills, TimeSpan? ProcessorTime);
