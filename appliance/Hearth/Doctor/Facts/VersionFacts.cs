namespace Hearth.Doctor.Facts;

/// <summary>The software that matters, by version.</summary>
internal sealed record VersionFacts(string Hearth, string Runtime, string? Kernel, string? Distribution);
