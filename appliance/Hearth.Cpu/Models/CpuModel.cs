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

    /// <summary>Every model, the plainest first.</summary>
    public static IReadOnlyList<CpuModel> All { get; } = [X64Version2, X64Version3];

    /// <summary>The name on the command line and in saved states.</summary>
    public string Name { get; }

    /// <summary>The processor brand string, at most 47 characters.</summary>
    public string Brand { get; }

    public CpuSignature Signature { get; }

    public IReadOnlyList<CpuFeature> Features { get; }

    /// <summary>The bits of XCR0 that may be set; 0 without XSAVE.</summary>
    public ulong StateMask { get; }

    /// <summary>
    /// IA32_ARCH_CAPABILITIES: none of the known flaws that software works around. Generated code is not the guest's code,
    /// so a guest's own countermeasures would protect nothing and cost much.
    /// </summary>
    public ulong ArchCapabilities { get; } =
        (1UL << 0) |  // RDCL_NO: no Meltdown, no L1TF
        (1UL << 1) |  // IBRS_ALL: no retpolines
        (1UL << 3) |  // SKIP_L1DFL_VMENTRY
        (1UL << 4) |  // SSB_NO
        (1UL << 5) |  // MDS_NO
        (1UL << 6) |  // IF_PSCHANGE_MC_NO
        (1UL << 8) |  // TAA_NO
        (1UL << 13) | // SBDR_SSDP_NO
        (1UL << 14) | // FBSDP_NO
        (1UL << 15) | // PSDP_NO
        (1UL << 20) | // BHI_NO
        (1UL << 24) | // PBRSB_NO
        (1UL << 26) | // GDS_NO
        (1UL << 27) | // RFDS_NO
        (1UL << 62);  // ITS_NO

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

    /// <summary>The features whose instructions the host would have to run for the software engine, and cannot.</summary>
    /// <param name="host">Executes CPUID on the host: leaf and subleaf.</param>
    public IReadOnlyList<string> MissingOn(Func<uint, uint, CpuidResult> host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return [.. Features.Where(feature => feature.RunsNatively && !feature.IsOn(host)).Select(feature => feature.Name)];
    }

    /// <summary>Refuses a host that cannot run the model in the software engine.</summary>
    /// <exception cref="MachineException">The host lacks features; the message names them.</exception>
    public void RequireHost(Func<uint, uint, CpuidResult> host)
    {
        IReadOnlyList<string> missing = MissingOn(host);
        if (missing.Count > 0)
            throw new MachineException($"this host's processor cannot run the CPU model {Name}: it lacks {string.Join(", ", missing)}");
    }

    internal static uint Register(CpuidResult result, CpuidRegister register) => register switch
    {
        CpuidRegister.Eax => result.Eax,
        CpuidRegister.Ebx => result.Ebx,
        CpuidRegister.Ecx => result.Ecx,
        _ => result.Edx,
    };
}
