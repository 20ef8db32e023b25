namespace Hearth.Cpu.Kvm;

/// <summary>What the host's processor and kernel say of speculation; a guest is told no more.</summary>
internal static class KvmSpeculation
{
    public static SpeculationControls Of(KvmDevice device, KvmCpuid supported) =>
        new([.. CpuFeatures.SpeculationControls.Where(feature => feature.IsOn(supported.Lookup))], device.GetFeatureMsr(Msr.ArchCapabilities));
}
