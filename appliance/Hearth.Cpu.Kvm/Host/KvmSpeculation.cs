namespace Hearth.Cpu.Kvm;

/// <summary>What the host's processor and kernel say of speculation; a guest is told no more.</summary>
internal static class KvmSpeculation
{
    public static SpeculationControls Of(KvmDevice device) =>
        new([.. CpuFeatures.SpeculationControls.Where(feature => feature.IsOn(device.GetSupportedCpuid().Lookup))], device.GetFeatureMsr(Msr.ArchCapabilities));
}
