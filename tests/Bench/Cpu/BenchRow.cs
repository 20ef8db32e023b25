namespace Hearth.Bench.Cpu;

/// <summary>A piece of work that is measured.</summary>
/// <param name="Class">What it is counted with: <c>compute</c>, <c>vector</c>, <c>system</c>, <c>parallel</c>.</param>
internal sealed record BenchRow(string Name, string Class);
