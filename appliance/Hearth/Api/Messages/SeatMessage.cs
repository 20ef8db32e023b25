namespace Hearth.Api.Messages;

/// <summary>A seat.</summary>
/// <param name="Guest">The name of the guest that is shown.</param>
/// <param name="Phase">What that guest does.</param>
/// <param name="Modes">Names of guests by the names of modes.</param>
internal sealed record SeatMessage(
    int Id, string Name, string? Guest, string? Phase, IReadOnlyDictionary<string, string> Modes, IReadOnlyList<string> Outputs, IReadOnlyList<string> Inputs, string? Sound);
