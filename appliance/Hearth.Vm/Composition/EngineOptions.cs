using Hearth.Cpu;
using Hearth.Cpu.Kvm;
using Hearth.Cpu.Software;
using Hearth.Memory;

namespace Hearth.Vm.Composition;

/// <summary>Makes the CPU engine of a guest.</summary>
internal delegate ICpuEngine EngineFactory(GuestRam ram, EngineOptions options);

/// <summary>What a CPU engine is made with.</summary>
/// <param name="Cpus">How many vCPUs there will be.</param>
/// <param name="TscFrequency">Ticks a second of the guest's time-stamp counters.</param>
/// <param name="Paravirtual">What the guest is offered beside the model.</param>
/// <param name="Kvm">The KVM device, which the engine then owns; null for the software engine.</param>
/// <param name="Note">What the user should know of the choice, a sentence without a full stop; null for nothing.</param>
/// <param name="DirectTier">When the software engine runs user code directly.</param>
/// <param name="TranslationDirectory">Where it keeps translated code; null for nowhere.</param>
internal sealed record EngineOptions(
    CpuModel Model,
    int Cpus,
    ulong TscFrequency,
    ParavirtualInterface Paravirtual,
    KvmDevice? Kvm = null,
    string? Note = null,
    DirectTierMode DirectTier = DirectTierMode.Never,
    string? TranslationDirectory = null);
