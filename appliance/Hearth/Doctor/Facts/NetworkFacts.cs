namespace Hearth.Doctor.Facts;

/// <summary>What guests can have a network by.</summary>
/// <param name="Passt">The path of passt, which <c>--net user</c> needs; null when there is none.</param>
/// <param name="PasstVersion">What it calls its version.</param>
/// <param name="PasstProblem">Why there is no passt or no version, a sentence without a full stop; null when there are both.</param>
internal sealed record NetworkFacts(string? Passt, string? PasstVersion, string? PasstProblem, IReadOnlyList<NetworkInterface> Interfaces);
