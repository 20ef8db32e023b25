namespace Hearth.Doctor.Facts;

/// <summary>A sound card, from /proc/asound/cards.</summary>
/// <param name="Id">For example <c>PCH</c>.</param>
/// <param name="Driver">For example <c>HDA-Intel</c>.</param>
/// <param name="Name">For example <c>HDA Intel PCH</c>.</param>
internal sealed record SoundCard(int Number, string Id, string? Driver, string? Name);
