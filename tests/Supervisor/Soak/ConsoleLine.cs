namespace Hearth.Supervisor.Tests.Soak;

/// <summary>A line that a guest has written.</summary>
/// <param name="When">A timestamp of when its end came.</param>
/// <param name="Connection">The number of the connection it came over: each process of the guest has another.</param>
internal readonly record struct ConsoleLine(long When, int Connection, string Text);
