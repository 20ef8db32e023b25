namespace Hearth.Linux.Jail;

/// <summary>How a process ended.</summary>
/// <param name="ExitCode">0 to 255; 0 when a signal ended it.</param>
/// <param name="Signal">The signal that ended it; 0 when it ended by itself.</param>
public readonly record struct ProcessEnding(int ExitCode, int Signal);
