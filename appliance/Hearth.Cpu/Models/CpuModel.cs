using Hearth.Machine;

namespace Hearth.Cpu;

/// <summary>A named CPU model: what CPUID and the constant model-specific registers say, the same on every host and engine.</summary>
/// <remarks>
/// The vendor is GenuineIntel because Linux then takes frequencies from leaf 0x15 and the state of the mitigations from one
/// register, IA32_ARCH_CAPABILITIES, whatever the model number is. SYSCALL, SYSENTER, SYSRET and null selectors behave as on
/// Intel processors. Physical addresses have 40 bits, linear ones 48.
/// </remarks>
public sealed class CpuModel
{
    /// <summary>MAXPHYADDR of every model.</summary>
    public const int PhysicalAddressBits = 40;

    public const int LinearAddressBits = 48;

    private readonly HashSet<CpuFeature> _features;

    private CpuModel(string name, string brand, CpuSignature signature, IEnumerable<CpuFeature> features)
    {
        Name = name;
        Brand = brand;
        Signature = signature;
        Features = [.. features];
        _features = [.. Features];
        StateMask = Has(CpuFeatures.Avx) ? 7UL : Has(CpuFeatures.Xsave) ? 3UL : 0;
    }

    public static CpuModel X64Version2 { get; } =
        new("x86-64-v2", "Hearth x86-64-v2", new CpuSignature(6, 0x2C, 2, 0x1F), CpuFeatures.Version2);

    public static CpuModel X64Version3 { get; } =
        new("x86-64-v3", "Hearth x86-64-v3", new CpuSignature(6, 0x3F, 2, 0x49), CpuFeatures.Version2.Concat(CpuFeatures.Version3Additions));

    public static CpuModel X64Version3Of2021 { get; } = new(
        "x86-64-v3-2021",
        "Hearth x86-64-v3-2021",
        new CpuSignature(6, 0x3F, 2, 0x49),
        CpuFeatures.Version2.Concat(CpuFeatures.Version3Additions).Concat(CpuFeatures.Additions2021));

    /// <summary>Every model, the plainest first.</summary>
    public static IReadOnlyList<CpuModel> All { get; } = [X64Version2, X64Version3, X64Version3Of2021];

    /// <summary>The name on the command line and in saved states.</summary>
    public string Name { get; }

    /// <summary>The processor brand string, at most 47 characters.</summary>
    public string Brand { get; }

    public CpuSignature Signature { get; }

    public IReadOnlyList<CpuFeature> Features { get; }

    /// <summary>The bits of XCR0 that may be set; 0 without XSAVE.</summary>
    public ulong StateMask { get; }

    /// <exception cref="MachineException">There is no such model.</exception>
    public static CpuModel Find(string name)
    {
        foreach (CpuModel model in All)
        {
            if (model.Name == name)
                return model;
        }

        string known = string.Join(", ", All.Select(model => model.Name));
        throw new MachineException($"there is no CPU model '{name}'; the models are {known}");
    }

    public bool Has(CpuFeature feature) => _features.Contains(feature);

    /// <summary>The features of the model that a processor has not.</summary>
    /// <param name="processor">Executes CPUID on it: leaf and subleaf.</param>
    public IReadOnlyList<string> MissingOn(Func<uint, uint, CpuidResult> processor) => Missing(feature => feature.IsPromise || feature.IsOn(processor));

    /// <summary>The features whose instructions the host would have to run for the software engine, and cannot.</summary>
    /// <param name="host">Executes CPUID on the host: leaf and subleaf.</param>
    public IReadOnlyList<string> NativelyMissingOn(Func<uint, uint, CpuidResult> host) => Missing(feature => !feature.RunsNatively || feature.IsOn(host));

    private string[] Missing(Func<CpuFeature, bool> isGiven) => [.. Features.Where(feature => !isGiven(feature)).Select(feature => feature.Name)];

    internal static uint Register(CpuidResult result, CpuidRegister register) => register switch
    {
        CpuidRegister.Eax => result.Eax,
        CpuidRegister.Ebx => result.Ebx,
        CpuidRegister.Ecx => result.Ecx,
        _ => result.Edx,
    };
}
