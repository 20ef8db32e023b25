using Hearth.Linux.Jail;

namespace Hearth.Running;

/// <summary>A guest's process that was just started.</summary>
/// <param name="Helpers">Processes that end with it.</param>
/// <param name="Pages">Pages of memory that it was given.</param>
/// <param name="Jail">What stands between it and the host; null where a supervisor before this one started it.</param>
internal sealed record StartedGuest(ProcessHandle Process, IReadOnlyList<ProcessHandle> Helpers, long Pages, JailedProcess? Jail);
