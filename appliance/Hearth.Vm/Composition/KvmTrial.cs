using Hearth.Cpu;
using Hearth.Cpu.Kvm;
using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Vm.Composition;

/// <summary>KVM as this host has it, tried out. Every way to tell why it is not taken has the reason from here.</summary>
/// <param name="Device">The device, where it is KVM; the caller's to dispose, whether it is of use or not.</param>
/// <param name="Finding">What running guest code on it found.</param>
/// <param name="Refusal">Why guests do not run on it; null when they do.</param>
internal sealed record KvmTrial(KvmDevice? Device, KvmFinding Finding, KvmRefusal? Refusal)
{
    /// <param name="configuration">Has the device, or why it does not open.</param>
    /// <param name="asked">The model it has to give; null for any.</param>
    /// <param name="paravirtual">The interface it has to give beside it.</param>
    /// <param name="frequency">The pace of the time-stamp counter that it has to give, in ticks a second; null for any.</param>
    public static KvmTrial Run(GuestConfiguration configuration, CpuModel? asked, ParavirtualInterface paravirtual, ulong? frequency)
    {
        if (configuration.Kvm is not { } file)
            return new KvmTrial(null, default, configuration.KvmRefusal ?? new KvmRefusal(KvmObstacle.Missing, "no KVM device was handed over"));
        KvmDevice? device = null;
        KvmFinding finding = default;
        try
        {
            device = KvmDevice.Use(new FileDescriptor(file.Descriptor), file.Name);
            finding = device.Probe();
            string? lack = finding.IsUsable ? device.Refuse(asked ?? CpuModel.All[0], paravirtual) ?? device.RefuseFrequency(frequency ?? finding.TscFrequency, finding.TscFrequency) : null;
            return new KvmTrial(device, finding, lack is null ? Refuse(finding) : new KvmRefusal(KvmObstacle.LacksFeatures, lack));
        }
        catch (KvmException error)
        {
            return new KvmTrial(device, finding, new KvmRefusal(KvmObstacle.Unsuitable, error.Message));
        }
        catch (LinuxException error)
        {
            return new KvmTrial(device, finding, new KvmRefusal(KvmObstacle.Fails, error.Message));
        }
    }

    private static KvmRefusal? Refuse(KvmFinding finding) =>
        finding.IsUsable ? null : new(finding.RoundsPerSecond > 0 ? KvmObstacle.TooSlow : KvmObstacle.Fails, finding.Reason);
}
