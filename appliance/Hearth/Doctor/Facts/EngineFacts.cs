using Hearth.Protocol;

namespace Hearth.Doctor.Facts;

/// <summary>Which engine guests run on, and why.</summary>
/// <param name="Auto">What <c>--engine auto</c> takes, <c>kvm</c> or <c>software</c>; null when no guest runs, or the engines could not be looked at.</param>
/// <param name="Conclusion">The same and why, a sentence for people.</param>
/// <param name="DefaultModel">The CPU model that a guest has when none is asked for.</param>
/// <param name="Kvm">What the trial of KVM found; null when the engines could not be looked at.</param>
/// <param name="Models">Every CPU model, and what is missing of it under each engine.</param>
internal sealed record EngineFacts(string? Auto, string Conclusion, string? DefaultModel, KvmReport? Kvm, IReadOnlyList<ModelReport> Models);
