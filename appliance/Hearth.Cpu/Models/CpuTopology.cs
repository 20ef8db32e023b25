namespace Hearth.Cpu;

/// <summary>Where one vCPU stands: all are cores of one package, with one thread each.</summary>
/// <param name="ApicId">The vCPU's APIC id, which is its index.</param>
/// <param name="Count">How many vCPUs the machine has.</param>
public readonly record struct CpuTopology(int ApicId, int Count)
{
    /// <summary>How many bits of the APIC id number the cores of the package.</summary>
    public int CoreBits => Count <= 1 ? 0 : System.Numerics.BitOperations.Log2((uint)(Count - 1)) + 1;
}
