namespace Hearth.Api.Messages;

/// <summary>A guest.</summary>
/// <param name="Phase">What it does: <c>stopped</c>, <c>starting</c>, <c>running</c>, <c>paused</c>, <c>stopping</c>, <c>saved</c>, <c>restoring</c> or <c>crashed</c>.</param>
/// <param name="Sentence">Why it is so, for people.</param>
/// <param name="Engine">Which it runs on: <c>kvm</c> or <c>software</c>.</param>
/// <param name="Seat">Where it is shown.</param>
internal sealed record GuestMessage(
    int Id, string Name, string Phase, DateTimeOffset Since, string? Sentence, int? ProcessId, string? Engine, string? Seat, StateMessage? LastState, GuestSettings Settings);
