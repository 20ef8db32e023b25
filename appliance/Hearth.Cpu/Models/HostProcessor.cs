using System.Runtime.Intrinsics.X86;

namespace Hearth.Cpu;

/// <summary>CPUID of the processor this process runs on.</summary>
public static class HostProcessor
{
    /// <summary>All zeros on a processor that has no CPUID.</summary>
    public static CpuidResult Cpuid(uint leaf, uint subleaf)
    {
        if (!X86Base.IsSupported)
            return default;
        (int eax, int ebx, int ecx, int edx) = X86Base.CpuId(unchecked((int)leaf), unchecked((int)subleaf));
        return new CpuidResult((uint)eax, (uint)ebx, (uint)ecx, (uint)edx);
    }
}
