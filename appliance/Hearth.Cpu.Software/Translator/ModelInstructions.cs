using System.Collections.Frozen;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Which instructions a CPU model has, in the terms of the decoder.</summary>
internal static class ModelInstructions
{
    private static readonly CpuidFeature[] s_base =
    [
        CpuidFeature.INTEL8086, CpuidFeature.INTEL8086_ONLY, CpuidFeature.INTEL186, CpuidFeature.INTEL286, CpuidFeature.INTEL286_ONLY,
        CpuidFeature.INTEL386, CpuidFeature.INTEL386_ONLY, CpuidFeature.INTEL386_A0_ONLY, CpuidFeature.INTEL486, CpuidFeature.INTEL486_A_ONLY,
        CpuidFeature.X64, CpuidFeature.SYSCALL, CpuidFeature.CPUID, CpuidFeature.FPU, CpuidFeature.FPU287, CpuidFeature.FPU387,
        CpuidFeature.CMOV, CpuidFeature.CX8, CpuidFeature.FXSR, CpuidFeature.MMX, CpuidFeature.MSR, CpuidFeature.MULTIBYTENOP,
        CpuidFeature.PAUSE, CpuidFeature.RDPMC, CpuidFeature.SEP, CpuidFeature.SSE, CpuidFeature.SSE2,
        CpuidFeature.CLFSH, CpuidFeature.TSC, CpuidFeature.UMOV, CpuidFeature.CET_IBT, CpuidFeature.PREFETCHW, CpuidFeature.D3NOW,
        CpuidFeature.SSE3, CpuidFeature.SSSE3, CpuidFeature.SSE4_1, CpuidFeature.SSE4_2, CpuidFeature.POPCNT, CpuidFeature.CMPXCHG16B,
        CpuidFeature.RDTSCP, CpuidFeature.UDBG,
    ];

    private static readonly CpuidFeature[] s_version3 =
    [
        CpuidFeature.AES, CpuidFeature.PCLMULQDQ, CpuidFeature.SHA, CpuidFeature.AVX, CpuidFeature.AVX2, CpuidFeature.FMA, CpuidFeature.F16C,
        CpuidFeature.BMI1, CpuidFeature.BMI2, CpuidFeature.LZCNT, CpuidFeature.MOVBE, CpuidFeature.XSAVE, CpuidFeature.XSAVEOPT, CpuidFeature.XSAVEC,
        CpuidFeature.RDRAND, CpuidFeature.RDSEED, CpuidFeature.FSGSBASE, CpuidFeature.INVPCID, CpuidFeature.SMAP, CpuidFeature.ADX, CpuidFeature.RDPID,
        CpuidFeature.CLFLUSHOPT,
    ];

    public static IReadOnlySet<CpuidFeature> Of(CpuModel model)
    {
        _ = model;
        return s_base.Concat(s_version3).ToFrozenSet();
    }
}
