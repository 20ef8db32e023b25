namespace Hearth.Cpu;

/// <summary>What a guest is told of speculation by the engine that runs it.</summary>
/// <param name="Features">Of <see cref="CpuFeatures.SpeculationControls"/>.</param>
/// <param name="ArchCapabilities">IA32_ARCH_CAPABILITIES.</param>
public sealed record SpeculationControls(IReadOnlyList<CpuFeature> Features, ulong ArchCapabilities)
{
    /// <summary>
    /// For guests whose code is translated: none of the known flaws that software works around. Generated code is not the guest's code,
    /// so a guest's own countermeasures would protect nothing and cost much.
    /// </summary>
    public static SpeculationControls OfTranslatedCode { get; } = new(
        [

            // Linux does not believe BHI_NO, and clears the branch history by a loop at every system call where it cannot ask the processor for it.
            .. CpuFeatures.SpeculationControls.Where(feature => feature.Name is "ibrs_ibpb" or "stibp" or "arch_capabilities" or "bhi_ctrl"),
        ],
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
        (1UL << 62)); // ITS_NO
}
