namespace Hearth.Protocol;

/// <summary>Something hands do to a guest at one moment.</summary>
/// <param name="Delay">Milliseconds after the step before, or after the guest has started.</param>
/// <param name="Target">The device.</param>
/// <param name="Changes">All of one report; empty for a wait.</param>
public sealed record InputStep(int Delay, InputTarget Target, IReadOnlyList<InputChange> Changes);
