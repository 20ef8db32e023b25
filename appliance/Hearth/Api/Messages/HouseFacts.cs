namespace Hearth.Api.Messages;

/// <summary>A house as <c>hearth doctor</c> finds it.</summary>
/// <param name="Up">The daemon answers.</param>
/// <param name="Guests">How many there are; absent where nobody answers.</param>
/// <param name="Running">How many of them have a process.</param>
/// <param name="Store">How its file is, for people.</param>
/// <param name="Backup">The newest daily copy of it.</param>
internal sealed record HouseFacts(string Home, bool Up, int? Guests, int? Running, string Store, string? Backup);
