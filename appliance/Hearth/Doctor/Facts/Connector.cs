namespace Hearth.Doctor.Facts;

/// <summary>A socket of a graphics card that a screen can be plugged into.</summary>
/// <param name="Name">For example <c>HDMI-A-1</c>.</param>
/// <param name="Status"><c>connected</c>, <c>disconnected</c> or <c>unknown</c>.</param>
/// <param name="Mode">The screen's first mode, which is its best, for example <c>2560x1440</c>.</param>
internal sealed record Connector(string Name, string? Status, string? Mode);
