namespace Hearth.Cpu;

/// <summary>A feature bit of CPUID.</summary>
/// <param name="Name">As Linux shows it in /proc/cpuinfo.</param>
/// <param name="RunsNatively">
/// The software engine lets the host's processor run the feature's instructions: the host must have it, too. The others
/// are interpreted, everywhere or where the host lacks them, or belong to the machine.
/// </param>
/// <param name="IsPromise">
/// It says how something performs, or what the machine does; there is no instruction or register bit behind it that a processor could lack.
/// </param>
/// <remarks>A class, as lists of classes are compiled already when a guest's process starts.</remarks>
public sealed record CpuFeature(
    string Name, uint Leaf, uint Subleaf, CpuidRegister Register, int Bit, bool RunsNatively = false, bool IsPromise = false)
{
    /// <summary>Whether a processor has the feature.</summary>
    /// <param name="processor">Executes CPUID on it: leaf and subleaf.</param>
    public bool IsOn(Func<uint, uint, CpuidResult> processor)
    {
        ArgumentNullException.ThrowIfNull(processor);
        uint range = Leaf & 0xC000_0000;
        return processor(range, 0).Eax >= Leaf && ((CpuModel.Register(processor(Leaf, Subleaf), Register) >> Bit) & 1) != 0;
    }
}
