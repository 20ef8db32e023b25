namespace Hearth.Protocol;

/// <summary>What a trial of KVM found.</summary>
/// <param name="Refusal">Why <c>--engine auto</c> does not take it; null when it does.</param>
/// <param name="RoundsPerSecond">How fast a loop of two instructions ran in a guest; 0 when none did.</param>
/// <param name="TrialMilliseconds">How long the trial took.</param>
public sealed record KvmReport(KvmRefusal? Refusal, double RoundsPerSecond, double TrialMilliseconds);
