namespace Hearth.Doctor.Facts;

/// <summary>What stands between guests of the house and this host.</summary>
/// <param name="Layers">Those that are in place (docs/jail.md).</param>
/// <param name="Lacking">What is not and why, a sentence each.</param>
internal sealed record IsolationFacts(IReadOnlyList<string> Layers, IReadOnlyList<string> Lacking);
