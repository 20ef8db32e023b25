namespace Hearth.Protocol;

/// <summary>A CPU model, and what keeps each engine from giving it to guests here.</summary>
/// <param name="SoftwareMissing">The features that the software engine cannot give, by name; none when it gives the model.</param>
/// <param name="KvmMissing">The same of KVM; null when it does not say, because it does not open.</param>
public sealed record ModelReport(string Name, IReadOnlyList<string> SoftwareMissing, IReadOnlyList<string>? KvmMissing);
