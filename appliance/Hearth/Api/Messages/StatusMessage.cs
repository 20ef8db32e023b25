namespace Hearth.Api.Messages;

/// <summary>How the house is.</summary>
/// <param name="Version">Of Hearth.</param>
/// <param name="Since">When it came up.</param>
/// <param name="Guests">How many there are.</param>
/// <param name="Running">How many of them have a process.</param>
/// <param name="Opening">Guests that were there before are still coming back.</param>
internal sealed record StatusMessage(string Version, string Home, int ProcessId, DateTimeOffset Since, int Guests, int Running, bool Opening, IReadOnlyList<SeatMessage> Seats);
