using static Hearth.Cpu.CpuidRegister;

namespace Hearth.Cpu;

/// <summary>The features that models are made of (Intel SDM Vol. 2, CPUID). What is not listed here is never promised.</summary>
public static class CpuFeatures
{
    public static readonly CpuFeature Nx = new("nx", 0x8000_0001, 0, Edx, 20);
    public static readonly CpuFeature GigabytePages = new("pdpe1gb", 0x8000_0001, 0, Edx, 26);
    public static readonly CpuFeature Pcid = new("pcid", 1, 0, Ecx, 17);
    public static readonly CpuFeature Xsave = new("xsave", 1, 0, Ecx, 26);
    public static readonly CpuFeature Avx = new("avx", 1, 0, Ecx, 28, RunsNatively: true);
    public static readonly CpuFeature Adx = new("adx", 7, 0, Ebx, 19);
    public static readonly CpuFeature Sha = new("sha_ni", 7, 0, Ebx, 29);
    public static readonly CpuFeature FsGsBase = new("fsgsbase", 7, 0, Ebx, 0);
    public static readonly CpuFeature Smep = new("smep", 7, 0, Ebx, 7);
    public static readonly CpuFeature Invpcid = new("invpcid", 7, 0, Ebx, 10);
    public static readonly CpuFeature Smap = new("smap", 7, 0, Ebx, 20);
    public static readonly CpuFeature Umip = new("umip", 7, 0, Ecx, 2);
    public static readonly CpuFeature Rdpid = new("rdpid", 7, 0, Ecx, 22);
    public static readonly CpuFeature Rdtscp = new("rdtscp", 0x8000_0001, 0, Edx, 27);

    /// <summary>x86-64-v2 of the psABI, and what belongs to the machine: paging, protection, timers.</summary>
    public static readonly IReadOnlyList<CpuFeature> Version2 =
    [
        new("fpu", 1, 0, Edx, 0, RunsNatively: true),
        new("de", 1, 0, Edx, 2),
        new("pse", 1, 0, Edx, 3),
        new("tsc", 1, 0, Edx, 4),
        new("msr", 1, 0, Edx, 5),
        new("pae", 1, 0, Edx, 6),
        new("mce", 1, 0, Edx, 7),
        new("cx8", 1, 0, Edx, 8, RunsNatively: true),
        new("apic", 1, 0, Edx, 9),
        new("sep", 1, 0, Edx, 11),
        new("mtrr", 1, 0, Edx, 12),
        new("pge", 1, 0, Edx, 13),
        new("mca", 1, 0, Edx, 14),
        new("cmov", 1, 0, Edx, 15, RunsNatively: true),
        new("pat", 1, 0, Edx, 16),
        new("pse36", 1, 0, Edx, 17),
        new("clflush", 1, 0, Edx, 19),
        new("mmx", 1, 0, Edx, 23, RunsNatively: true),
        new("fxsr", 1, 0, Edx, 24, RunsNatively: true),
        new("sse", 1, 0, Edx, 25, RunsNatively: true),
        new("sse2", 1, 0, Edx, 26, RunsNatively: true),
        new("pni", 1, 0, Ecx, 0, RunsNatively: true),
        new("pclmulqdq", 1, 0, Ecx, 1, RunsNatively: true),
        new("ssse3", 1, 0, Ecx, 9, RunsNatively: true),
        new("cx16", 1, 0, Ecx, 13, RunsNatively: true),
        new("sse4_1", 1, 0, Ecx, 19, RunsNatively: true),
        new("sse4_2", 1, 0, Ecx, 20, RunsNatively: true),
        new("x2apic", 1, 0, Ecx, 21, IsPromise: true),
        new("popcnt", 1, 0, Ecx, 23, RunsNatively: true),
        new("tsc_deadline_timer", 1, 0, Ecx, 24, IsPromise: true),
        new("aes", 1, 0, Ecx, 25, RunsNatively: true),
        new("hypervisor", 1, 0, Ecx, 31, IsPromise: true),
        new("tsc_adjust", 7, 0, Ebx, 1, IsPromise: true),
        new("erms", 7, 0, Ebx, 9, IsPromise: true),
        new("fcs_fds_deprecation", 7, 0, Ebx, 13, IsPromise: true),
        new("lahf_lm", 0x8000_0001, 0, Ecx, 0, RunsNatively: true),
        new("syscall", 0x8000_0001, 0, Edx, 11),
        Nx,
        GigabytePages,
        Rdtscp,
        new("lm", 0x8000_0001, 0, Edx, 29, RunsNatively: true),
        new("invariant_tsc", 0x8000_0007, 0, Edx, 8, IsPromise: true),
    ];

    /// <summary>What x86-64-v3 of the psABI adds, with what its first processors, Haswell and Zen, have in common.</summary>
    public static readonly IReadOnlyList<CpuFeature> Version3Additions =
    [
        new("fma", 1, 0, Ecx, 12, RunsNatively: true),
        new("movbe", 1, 0, Ecx, 22, RunsNatively: true),
        Xsave,
        Avx,
        new("f16c", 1, 0, Ecx, 29, RunsNatively: true),
        new("rdrand", 1, 0, Ecx, 30),
        new("bmi1", 7, 0, Ebx, 3, RunsNatively: true),
        new("avx2", 7, 0, Ebx, 5, RunsNatively: true),
        new("bmi2", 7, 0, Ebx, 8, RunsNatively: true),
        FsGsBase,
        Smep,
        new("xsaveopt", 0xD, 1, Eax, 0),
        new("abm", 0x8000_0001, 0, Ecx, 5, RunsNatively: true),
        new("3dnowprefetch", 0x8000_0001, 0, Ecx, 8, IsPromise: true), // a no-operation where it is not known
    ];

    /// <summary>What the processors of 2021 of both makes, Ice Lake and Zen 3, add to that.</summary>
    public static readonly IReadOnlyList<CpuFeature> Additions2021 =
    [
        Pcid,
        Invpcid,
        Smap,
        Umip,
        Adx,
        Sha,
        Rdpid,
        new("rdseed", 7, 0, Ebx, 18),
        new("clflushopt", 7, 0, Ebx, 23),
    ];

    /// <summary>
    /// What of KVM's paravirtual interface a guest is offered, under every engine (Linux, Documentation/virt/kvm/x86/cpuid.rst); docs/paravirtual.md
    /// says why nothing else.
    /// </summary>
    public static readonly IReadOnlyList<CpuFeature> Kvm =
    [
        new("kvmclock", 0x4000_0001, 0, Eax, 0),
        new("kvm_nopiodelay", 0x4000_0001, 0, Eax, 1),
        new("kvmclock2", 0x4000_0001, 0, Eax, 3),
        new("kvm_pv_eoi", 0x4000_0001, 0, Eax, 6),
        new("kvmclock_stable", 0x4000_0001, 0, Eax, 24),
    ];

    /// <summary>
    /// The same of Hyper-V's (Hypervisor Top-Level Functional Specification, feature and recommendation leaves). What is only recommended needs nothing of a host.
    /// </summary>
    public static readonly IReadOnlyList<CpuFeature> HyperV =
    [
        new("hv_time_ref_count", 0x4000_0003, 0, Eax, 1),
        new("hv_apic_access", 0x4000_0003, 0, Eax, 4),
        new("hv_hypercall", 0x4000_0003, 0, Eax, 5),
        new("hv_vp_index", 0x4000_0003, 0, Eax, 6),
        new("hv_reference_tsc", 0x4000_0003, 0, Eax, 9),
        new("hv_frequency_msrs", 0x4000_0003, 0, Eax, 11),
        new("hv_frequency_msrs_available", 0x4000_0003, 0, Edx, 8),
        new("hv_apic_access_recommended", 0x4000_0004, 0, Eax, 3, IsPromise: true),
        new("hv_relaxed_timing", 0x4000_0004, 0, Eax, 5, IsPromise: true),
    ];

    /// <summary>
    /// How an operating system is told of flaws of speculation and steers it. These belong to what runs the guest, not to its model: a guest
    /// asks for them once, when it starts, and only the host knows what holds.
    /// </summary>
    public static readonly IReadOnlyList<CpuFeature> SpeculationControls =
    [
        new("md_clear", 7, 0, Edx, 10),
        new("ibrs_ibpb", 7, 0, Edx, 26),
        new("stibp", 7, 0, Edx, 27),
        new("flush_l1d", 7, 0, Edx, 28),
        new("arch_capabilities", 7, 0, Edx, 29),
        new("ssbd", 7, 0, Edx, 31),
        new("intel_psfd", 7, 2, Edx, 0),
        new("ipred_ctrl", 7, 2, Edx, 1),
        new("rrsba_ctrl", 7, 2, Edx, 2),
        new("bhi_ctrl", 7, 2, Edx, 4),
    ];

    /// <summary>What a guest is offered with an interface.</summary>
    public static IReadOnlyList<CpuFeature> Of(ParavirtualInterface paravirtual) => paravirtual switch
    {
        ParavirtualInterface.Kvm => Kvm,
        ParavirtualInterface.HyperV => HyperV,
        _ => [],
    };
}
