namespace Hearth.Cpu;

/// <summary>One row of a vCPU's CPUID table.</summary>
/// <param name="Subleaf">The value of ECX, or -1 when the leaf does not look at it.</param>
/// <remarks>A class, as lists of classes are compiled already when a guest's process starts.</remarks>
public sealed record CpuidLeaf(uint Leaf, int Subleaf, CpuidResult Result);
