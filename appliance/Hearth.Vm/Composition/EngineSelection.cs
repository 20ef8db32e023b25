using System.Globalization;
using Hearth.Cpu;
using Hearth.Cpu.Kvm;
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
    /// <param name="frequency">What another process has measured on this host since it was started; null where there was none.</param>
    public static void Prepare(string? frequency)
    {
        if (ulong.TryParse(frequency, NumberStyles.None, CultureInfo.InvariantCulture, out ulong known) && known > 0)
            SoftwareCpuEngine.UseHostTscFrequency(known);
        else
            ThreadPool.UnsafeQueueUserWorkItem(static _ => _ = SoftwareCpuEngine.HostTscFrequency, null);
    }

    /// <summary>The model that was asked for, or else that of the saved guest, or else the best this host can run.</summary>
    /// <param name="saved">The guest that is to be restored, or null.</param>
    /// <exception cref="MachineException">There is no such engine or model, or this host cannot run it.</exception>
    /// <exception cref="SavedStateException">The saved guest had another model, paravirtual interface, memory, or number of vCPUs.</exception>
    public static EngineOptions Choose(GuestConfiguration configuration, SavedGuestHeader? saved)
    {
        CpuModel? asked = configuration.CpuModel is { } name ? CpuModel.Find(name) : null;
        ParavirtualInterface? askedParavirtual = configuration.Paravirtual is { } interfaceName ? ParavirtualNames.Find(interfaceName) : null;
        saved?.Require(configuration.Memory, configuration.Cpus, asked, askedParavirtual);
        asked ??= saved is null ? null : CpuModel.Find(saved.CpuModel);
        ParavirtualInterface paravirtual = askedParavirtual ?? saved?.Paravirtual ?? ParavirtualInterface.Kvm;
        DirectTierMode tier = TierOf(configuration.Tier);
        KvmDevice? kvm = ChooseDevice(configuration, asked, paravirtual, saved?.TscFrequency, out ulong hostFrequency, out string? note);
        CpuModel model = asked ?? (kvm is null ? BestModel() : BestModel(kvm, paravirtual));

        // Each engine has its own measure of the host's counter, and only with that one has it nothing to convert.
        ulong own = kvm is null ? SoftwareCpuEngine.HostTscFrequency : hostFrequency;
        ulong frequency = saved?.TscFrequency ?? own;
        return new EngineOptions(model, configuration.Cpus, frequency, paravirtual, kvm, note, tier, configuration.TranslationDirectory);
    }

    public static ICpuEngine Create(GuestRam ram, EngineOptions options) => options.Kvm is { } device
        ? new KvmCpuEngine(ram, device, new KvmEngineOptions
        {
            Model = options.Model,
            TscFrequency = options.TscFrequency,
            VcpuCount = options.Cpus,
            Paravirtual = options.Paravirtual,
        })
        : new SoftwareCpuEngine(
            ram, new SoftwareEngineOptions
            {
                Model = options.Model,
                TscFrequency = options.TscFrequency,
                VcpuCount = options.Cpus,
                Paravirtual = options.Paravirtual,
                DirectTier = options.DirectTier,
                TranslationDirectory = options.TranslationDirectory,
            });

    /// <summary>The KVM device, where the guest is to run on it.</summary>
    /// <param name="asked">The model it has to give; null for any.</param>
    /// <param name="frequency">The pace of the time-stamp counter that a saved guest has to get; null for any.</param>
    /// <param name="hostFrequency">Ticks a second of the host's time-stamp counter, as KVM says.</param>
    /// <param name="note">Why the software engine was chosen in its place.</param>
    private static KvmDevice? ChooseDevice(
        GuestConfiguration configuration, CpuModel? asked, ParavirtualInterface paravirtual, ulong? frequency, out ulong hostFrequency, out string? note)
    {
        note = null;
        hostFrequency = 0;
        switch (configuration.Engine)
        {
            case "software":
                return null;
            case "kvm":
            case "auto":
                var trial = KvmTrial.Run(configuration, asked, paravirtual, frequency);
                hostFrequency = trial.Finding.TscFrequency;
                if (trial.Refusal is not { } refusal)
                    return trial.Device;
                trial.Device?.Dispose();
                if (configuration.Engine == "kvm")
                    throw new MachineException($"--engine kvm: {refusal.Reason}");
                note = $"the software engine runs this guest: {refusal.Reason}";
                return null;
            default:
                throw new MachineException($"there is no CPU engine '{configuration.Engine}'");
        }
    }

    private static DirectTierMode TierOf(string tier) => tier switch
    {
        "auto" or "adaptive" => DirectTierMode.Adaptive,
        "translate" => DirectTierMode.Never,
        "direct" => DirectTierMode.Always,
        _ => throw new MachineException($"there is no tier '{tier}' of the software engine"),
    };

    /// <summary>The best model that KVM can give, of those it can give any.</summary>
    public static CpuModel BestModel(KvmDevice kvm, ParavirtualInterface paravirtual) => CpuModel.All.Last(model => kvm.Missing(model, paravirtual).Count == 0);

    /// <summary>What this host's processor has, so that the guest can later run on it by itself; or else what the engine can make up for.</summary>
    public static CpuModel BestModel() =>
        CpuModel.All.LastOrDefault(model => model.MissingOn(HostProcessor.Cpuid).Count == 0)
        ?? CpuModel.All.LastOrDefault(model => model.NativelyMissingOn(HostProcessor.Cpuid).Count == 0)
        ?? CpuModel.All[0];
}
