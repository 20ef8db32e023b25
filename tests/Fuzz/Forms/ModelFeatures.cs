using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>The instruction-set extensions of the model x86-64-v3-2021, in Iced's terms; the others have subsets.</summary>
internal static class ModelFeatures
{
    private static readonly HashSet<CpuidFeature> s_promised =
    [
        CpuidFeature.INTEL8086, CpuidFeature.INTEL186, CpuidFeature.INTEL286, CpuidFeature.INTEL386, CpuidFeature.INTEL486, CpuidFeature.X64,
        CpuidFeature.INTEL8086_ONLY, CpuidFeature.FPU, CpuidFeature.FPU287, CpuidFeature.FPU387, CpuidFeature.MMX, CpuidFeature.CMOV,
        CpuidFeature.CPUID, CpuidFeature.CX8, CpuidFeature.CMPXCHG16B, CpuidFeature.FXSR, CpuidFeature.SSE, CpuidFeature.SSE2, CpuidFeature.SSE3,
        CpuidFeature.SSSE3, CpuidFeature.SSE4_1, CpuidFeature.SSE4_2, CpuidFeature.POPCNT, CpuidFeature.LZCNT, CpuidFeature.BMI1, CpuidFeature.BMI2,
        CpuidFeature.AVX, CpuidFeature.AVX2, CpuidFeature.FMA, CpuidFeature.F16C, CpuidFeature.AES, CpuidFeature.PCLMULQDQ, CpuidFeature.SHA,
        CpuidFeature.MOVBE, CpuidFeature.RDRAND, CpuidFeature.RDSEED, CpuidFeature.FSGSBASE, CpuidFeature.TSC, CpuidFeature.RDTSCP,
        CpuidFeature.MSR, CpuidFeature.SEP, CpuidFeature.SYSCALL, CpuidFeature.XSAVE, CpuidFeature.CLFSH, CpuidFeature.PAUSE,
        CpuidFeature.MULTIBYTENOP, CpuidFeature.SMAP, CpuidFeature.INVPCID, CpuidFeature.RDPMC, CpuidFeature.ADX, CpuidFeature.CLFLUSHOPT,
        CpuidFeature.RDPID, CpuidFeature.CET_IBT, CpuidFeature.PREFETCHW,
    ];

    /// <summary>Whether the model has an instruction; encodings that only a special decoder knows do not count.</summary>
    public static bool Promises(Code code)
    {
        OpCodeInfo info = code.ToOpCode();
        if (info.DecoderOption != DecoderOptions.None || info.Encoding is not (EncodingKind.Legacy or EncodingKind.VEX))
            return false;
        foreach (CpuidFeature feature in code.CpuidFeatures())
        {
            if (!s_promised.Contains(feature))
                return false;
        }

        return true;
    }
}
