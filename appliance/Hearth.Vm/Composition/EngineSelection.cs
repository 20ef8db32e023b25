using Hearth.Cpu;
using Hearth.Cpu.Software;
using Hearth.Machine;
using Hearth.Memory;
using Hearth.Protocol;
using Hearth.Vm.Saving;

namespace Hearth.Vm.Composition;

/// <summary>Which engine and CPU model a guest runs on.</summary>
internal static class EngineSelection
{
    /// <summary>Begins, on another thread, what takes milliseconds and needs no configuration: measuring the time-stamp counter.</summary>
    public static void Prepare() => ThreadPool.UnsafeQueueUserWorkItem(static _ => _ = SoftwareCpuEngine.HostTscFrequency, null);

    /// <summary>The model that was asked for, or else that of the saved guest, or else the best this host can run.</summary>
    /// <param name="saved">The guest that is to be restored, or null.</param>
    /// <exception cref="MachineException">There is no such engine or model, or this host cannot run it.</exception>
    /// <exception cref="SavedStateException">The saved guest had another model, memory, or number of vCPUs.</exception>
    public static EngineOptions Choose(GuestConfiguration configuration, SavedGuestHeader? saved)
    {
        if (configuration.Engine != "software")
            throw new MachineException($"there is no CPU engine '{configuration.Engine}'");
        CpuModel? asked = configuration.CpuModel is { } name ? CpuModel.Find(name) : null;
        saved?.Require(configuration.Memory, configuration.Cpus, asked);
        CpuModel model = asked ?? (saved is null ? BestModel() : CpuModel.Find(saved.CpuModel));
        model.RequireHost(HostProcessor.Cpuid);
        ulong frequency = saved?.TscFrequency ?? SoftwareCpuEngine.HostTscFrequency;
        return new EngineOptions(model, configuration.Cpus, frequency, TierOf(configuration.Tier), configuration.TranslationDirectory);
    }

    public static ICpuEngine Create(GuestRam ram, EngineOptions options) => new SoftwareCpuEngine(
        ram, new SoftwareEngineOptions
        {
            Model = options.Model,
            TscFrequency = options.TscFrequency,
            VcpuCount = options.Cpus,
            DirectTier = options.DirectTier,
            TranslationDirectory = options.TranslationDirectory,
        });

    private static DirectTierMode TierOf(string tier) => tier switch
    {
        "auto" or "adaptive" => DirectTierMode.Adaptive,
        "translate" => DirectTierMode.Never,
        "direct" => DirectTierMode.Always,
        _ => throw new MachineException($"there is no tier '{tier}' of the software engine"),
    };

    private static CpuModel BestModel() =>
        CpuModel.All.LastOrDefault(model => model.MissingOn(HostProcessor.Cpuid).Count == 0) ?? CpuModel.All[0];
}
