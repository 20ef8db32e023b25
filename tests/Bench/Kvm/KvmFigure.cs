namespace Hearth.Bench.Kvm;

/// <summary>Something that a workload measures.</summary>
/// <param name="Unit">Of the values, for the table.</param>
/// <param name="HigherIsBetter">A rate; otherwise a time.</param>
internal sealed record KvmFigure(string Name, string Unit, bool HigherIsBetter);
