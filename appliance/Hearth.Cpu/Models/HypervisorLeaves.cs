namespace Hearth.Cpu;

/// <summary>
/// The leaves of CPUID for hypervisors: at 0x40000000, where every kernel looks for what it may be given, the one interface that the guest has; at
/// 0x40000100 Hearth's own name. See docs/paravirtual.md.
/// </summary>
internal static class HypervisorLeaves
{
    private const uint Interface = 0x4000_0000;
    private const uint Frequencies = 0x4000_0010;
    private const uint Hypervisor = 0x4000_0100;
    private const string HypervisorSignature = "HearthHearth";

    /// <param name="tsc">Ticks a second.</param>
    public static IEnumerable<CpuidLeaf> Of(ParavirtualInterface paravirtual, ulong tsc)
    {
        IEnumerable<CpuidLeaf> shown = paravirtual switch
        {
            ParavirtualInterface.Kvm => [Kvm(), new(Interface + 1, -1, CpuidBuilder.Features(CpuFeatures.Kvm, Interface + 1, 0)), FrequenciesOf(tsc)],
            ParavirtualInterface.HyperV => HyperV(),
            _ => [new(Interface, -1, CpuidBuilder.Text(Frequencies, HypervisorSignature, inOrder: true)), FrequenciesOf(tsc)],
        };
        return shown.Append(new(Hypervisor, -1, CpuidBuilder.Text(Hypervisor, HypervisorSignature, inOrder: true)));
    }

    /// <summary>Linux, Documentation/virt/kvm/x86/cpuid.rst.</summary>
    private static CpuidLeaf Kvm() => new(Interface, -1, CpuidBuilder.Text(Frequencies, "KVMKVMKVM\0\0\0", inOrder: true));

    /// <summary>TSC and APIC timer in kHz, as several hypervisors tell them. Hyper-V has registers for it.</summary>
    private static CpuidLeaf FrequenciesOf(ulong tsc) => new(Frequencies, -1, new CpuidResult((uint)(tsc / 1000), CpuidBuilder.ApicTimerFrequency / 1000, 0, 0));

    /// <summary>
    /// Hypervisor Top-Level Functional Specification, "Feature and Interface Discovery". Linux asks for Microsoft's signature, Windows for the
    /// interface's; the version is that of Windows Server 2016, as KVM has it.
    /// </summary>
    private static IEnumerable<CpuidLeaf> HyperV()
    {
        const uint Last = Interface + 5;
        const uint InterfaceSignature = 0x3123_7648; // "Hv#1"
        const uint Build = 14393;
        const uint Version = 10 << 16;

        // A spinning guest is never to tell: there is no hypercall for it.
        const uint NeverRetried = uint.MaxValue;
        const uint MostProcessors = 255;
        yield return new(Interface, -1, CpuidBuilder.Text(Last, "Microsoft Hv", inOrder: true));
        yield return new(Interface + 1, -1, new CpuidResult(InterfaceSignature, 0, 0, 0));
        yield return new(Interface + 2, -1, new CpuidResult(Build, Version, 0, 0));
        yield return new(Interface + 3, -1, CpuidBuilder.Features(CpuFeatures.HyperV, Interface + 3, 0));
        yield return new(Interface + 4, -1, CpuidBuilder.Features(CpuFeatures.HyperV, Interface + 4, 0) with { Ebx = NeverRetried });
        yield return new(Last, -1, new CpuidResult(MostProcessors, MostProcessors, 0, 0));
    }
}
