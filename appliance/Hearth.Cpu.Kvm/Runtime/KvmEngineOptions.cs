namespace Hearth.Cpu.Kvm;

/// <summary>What the KVM engine is made with.</summary>
public sealed record KvmEngineOptions
{
    public required CpuModel Model { get; init; }

    /// <summary>Ticks a second of the guest's time-stamp counters.</summary>
    public required ulong TscFrequency { get; init; }

    /// <summary>What the guest is offered beside the model.</summary>
    public ParavirtualInterface Paravirtual { get; init; }

    /// <summary>How many vCPUs there will be.</summary>
    public int VcpuCount { get; init; } = 1;
}
