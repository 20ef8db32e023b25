namespace Hearth.Cpu;

/// <summary>A feature bit of CPUID.</summary>
/// <param name="Name">As Linux shows it in /proc/cpuinfo.</param>
/// <param name="RunsNatively">
/// The software engine lets the host's processor run the feature's instructions: the host must have it, too. The others
/// are interpreted, or belong to the machine.
/// </param>
public readonly record struct CpuFeature(string Name, uint Leaf, uint Subleaf, CpuidRegister Register, int Bit, bool RunsNatively = false);
