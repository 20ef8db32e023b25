namespace Hearth.Cpu.Software;

/// <summary>How a <see cref="SoftwareCpuEngine"/> is set up; part of the guest's configuration, except the cache.</summary>
public sealed record SoftwareEngineOptions
{
    public required CpuModel Model { get; init; }

    /// <summary>Ticks a second of the guest's TSC.</summary>
    public required ulong TscFrequency { get; init; }

    /// <summary>How many vCPUs the machine has, as CPUID tells.</summary>
    public int VcpuCount { get; init; } = 1;

    /// <summary>What the guest is offered beside the model.</summary>
    public ParavirtualInterface Paravirtual { get; init; }

    /// <summary>The host's clocks: the wall clock is the one that the machine's real-time clock shows.</summary>
    public TimeProvider Host { get; init; } = TimeProvider.System;

    /// <summary>When user code runs directly.</summary>
    public DirectTierMode DirectTier { get; init; }

    /// <summary>Where translated code is kept from run to run; null for nowhere.</summary>
    public string? TranslationDirectory { get; init; }

    /// <summary>
    /// Bytes for translated code, 256 KiB to 1 GiB. With what is noted of the code, 40 MiB for what former runs have translated, and
    /// 2 MiB for each vCPU, the engine takes up to 256 MiB of memory by default.
    /// </summary>
    public long CodeCacheLength { get; init; } = 112 << 20;
}
