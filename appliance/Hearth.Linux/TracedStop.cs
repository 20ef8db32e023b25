namespace Hearth.Linux;

/// <summary>Why a traced process stopped.</summary>
/// <param name="Signal">The signal that is to be delivered to it (see <see cref="Hearth.Linux.Signal"/>); 0 for none, -1 when the process is gone.</param>
/// <param name="IsSystemCall">It is about to make a system call.</param>
public readonly record struct TracedStop(int Signal, bool IsSystemCall);
