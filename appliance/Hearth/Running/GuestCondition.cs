namespace Hearth.Running;

/// <summary>How a guest is at a moment.</summary>
/// <param name="Guest">The identifier that the store gave it.</param>
/// <param name="Phase">What it does.</param>
/// <param name="Since">Since when.</param>
/// <param name="ProcessId">Of its process; null where there is none.</param>
/// <param name="Engine"><c>kvm</c> or <c>software</c>; null where there is no process.</param>
/// <param name="Sentence">Why it is so, for people: how it ended, what is waited for; null where there is nothing to say.</param>
/// <param name="LastState">The last saved state; null for none.</param>
internal sealed record GuestCondition(
    int Guest, GuestPhase Phase, DateTimeOffset Since, int? ProcessId = null, string? Engine = null, string? Sentence = null, SavedStateRecord? LastState = null);
