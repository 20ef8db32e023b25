namespace Hearth.Doctor.Facts;

/// <summary>The devices of a kind.</summary>
/// <param name="Note">Why there are none, or not all of them; null when there is nothing to say.</param>
internal sealed record Found<T>(IReadOnlyList<T> Devices, string? Note);
