using System.Diagnostics;
using Hearth.Cpu;
using Hearth.Cpu.Kvm;
using Hearth.Cpu.Software;
using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Vm.Composition;

/// <summary>Looks at both engines as a guest's process does before it chooses one, for <c>hearth doctor</c>.</summary>
internal static class EngineProbe
{
    /// <param name="configuration">Has the KVM device, or why it does not open.</param>
    public static EngineReport Run(GuestConfiguration configuration)
    {
        long start = Stopwatch.GetTimestamp();
        var trial = KvmTrial.Run(configuration, asked: null, ParavirtualInterface.Kvm, frequency: null);
        TimeSpan duration = Stopwatch.GetElapsedTime(start);
        using KvmDevice? device = trial.Device;
        CpuModel model = device is not null && trial.Refusal is null ? EngineSelection.BestModel(device, ParavirtualInterface.Kvm) : EngineSelection.BestModel();
        return new EngineReport
        {
            Kvm = new KvmReport(trial.Refusal, trial.Finding.RoundsPerSecond, duration.TotalMilliseconds),
            SoftwareRefusal = SoftwareCpuEngine.HostRefusal,
            Models = [.. CpuModel.All.Select(each => new ModelReport(each.Name, each.NativelyMissingOn(HostProcessor.Cpuid), MissingOn(device, each)))],
            DefaultModel = model.Name,
        };
    }

    private static IReadOnlyList<string>? MissingOn(KvmDevice? device, CpuModel model)
    {
        try
        {
            return device?.Missing(model);
        }
        catch (LinuxException)
        {
            // That KVM does not answer is what the trial has found, too.
            return null;
        }
    }
}
