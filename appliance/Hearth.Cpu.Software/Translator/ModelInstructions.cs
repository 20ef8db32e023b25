using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Which instructions a CPU model has, in the terms of the decoder.</summary>
internal static class ModelInstructions
{
    /// <summary>What every 64-bit processor has, without a feature bit that a model could leave out.</summary>
    private static readonly CpuidFeature[] s_always =
    [
        CpuidFeature.INTEL8086, CpuidFeature.INTEL8086_ONLY, CpuidFeature.INTEL186, CpuidFeature.INTEL286, CpuidFeature.INTEL386,
        CpuidFeature.INTEL486, CpuidFeature.X64, CpuidFeature.CPUID, CpuidFeature.MSR, CpuidFeature.MULTIBYTENOP, CpuidFeature.PAUSE,
        CpuidFeature.RDPMC, CpuidFeature.UDBG,

        // Hint instructions that run as NOPs where they are not known.
        CpuidFeature.CET_IBT, CpuidFeature.PREFETCHW,
    ];

    /// <summary>Feature bits by the names of <see cref="CpuFeature"/>.</summary>
    private static readonly Dictionary<string, CpuidFeature[]> s_byName = new()
    {
        ["fpu"] = [CpuidFeature.FPU, CpuidFeature.FPU287, CpuidFeature.FPU387],
        ["tsc"] = [CpuidFeature.TSC],
        ["cx8"] = [CpuidFeature.CX8],
        ["sep"] = [CpuidFeature.SEP],
        ["cmov"] = [CpuidFeature.CMOV],
        ["clflush"] = [CpuidFeature.CLFSH],
        ["mmx"] = [CpuidFeature.MMX],
        ["fxsr"] = [CpuidFeature.FXSR],
        ["sse"] = [CpuidFeature.SSE],
        ["sse2"] = [CpuidFeature.SSE2],
        ["pni"] = [CpuidFeature.SSE3],
        ["pclmulqdq"] = [CpuidFeature.PCLMULQDQ],
        ["ssse3"] = [CpuidFeature.SSSE3],
        ["cx16"] = [CpuidFeature.CMPXCHG16B],
        ["sse4_1"] = [CpuidFeature.SSE4_1],
        ["sse4_2"] = [CpuidFeature.SSE4_2],
        ["popcnt"] = [CpuidFeature.POPCNT],
        ["aes"] = [CpuidFeature.AES],
        ["fsgsbase"] = [CpuidFeature.FSGSBASE],
        ["invpcid"] = [CpuidFeature.INVPCID],
        ["smap"] = [CpuidFeature.SMAP],
        ["syscall"] = [CpuidFeature.SYSCALL],
        ["rdtscp"] = [CpuidFeature.RDTSCP],
        ["fma"] = [CpuidFeature.FMA],
        ["movbe"] = [CpuidFeature.MOVBE],
        ["xsave"] = [CpuidFeature.XSAVE],
        ["xsaveopt"] = [CpuidFeature.XSAVEOPT],
        ["avx"] = [CpuidFeature.AVX],
        ["f16c"] = [CpuidFeature.F16C],
        ["rdrand"] = [CpuidFeature.RDRAND],
        ["rdseed"] = [CpuidFeature.RDSEED],
        ["bmi1"] = [CpuidFeature.BMI1],
        ["bmi2"] = [CpuidFeature.BMI2],
        ["avx2"] = [CpuidFeature.AVX2],
        ["adx"] = [CpuidFeature.ADX],
        ["clflushopt"] = [CpuidFeature.CLFLUSHOPT],
        ["sha_ni"] = [CpuidFeature.SHA],
        ["rdpid"] = [CpuidFeature.RDPID],
        ["abm"] = [CpuidFeature.LZCNT],
    };

    /// <summary>What runs natively on hosts that have it, and is interpreted on the others: processors with AVX2 came without.</summary>
    private static readonly (CpuFeature Feature, CpuidFeature Instructions)[] s_optional =
    [
        (CpuFeatures.Adx, CpuidFeature.ADX),
        (CpuFeatures.Sha, CpuidFeature.SHA),
    ];

    /// <summary>What the interpreter has to execute for want of a better processor.</summary>
    /// <param name="host">Executes CPUID on the host: leaf and subleaf.</param>
    /// <returns>A flag for each <see cref="CpuidFeature"/>.</returns>
    public static bool[] AbsentOn(Func<uint, uint, CpuidResult> host)
    {
        var absent = new bool[DecoderSets.FeatureCapacity];
        foreach ((CpuFeature feature, CpuidFeature instructions) in s_optional)
            absent[(int)instructions] = !feature.IsOn(host);
        return absent;
    }

    /// <returns>A flag for each <see cref="CpuidFeature"/>.</returns>
    public static bool[] Of(CpuModel model)
    {
        bool[] features = DecoderSets.Of(s_always);
        foreach (CpuFeature feature in model.Features)
        {
            foreach (CpuidFeature named in s_byName.GetValueOrDefault(feature.Name) ?? [])
                features[(int)named] = true;
        }

        return features;
    }
}
