using System.Runtime.Intrinsics.X86;

namespace Hearth.Fuzz.Forms;

/// <summary>Whose processor the oracle is.</summary>
internal static class HostVendor
{
    /// <summary>"GenuineIntel": the vendor of the CPU models, too.</summary>
    public static bool IsIntel { get; } = X86Base.IsSupported && X86Base.CpuId(0, 0) is (_, 0x756E_6547, 0x6C65_746E, 0x4965_6E69);
}
