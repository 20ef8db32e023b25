namespace Hearth.Cpu;

/// <summary>One row of a vCPU's CPUID table.</summary>
/// <param name="Subleaf">The value of ECX, or -1 when the leaf does not look at it.</param>
public readonly record struct CpuidLeaf(uint Leaf, int Subleaf, CpuidResult Result);
