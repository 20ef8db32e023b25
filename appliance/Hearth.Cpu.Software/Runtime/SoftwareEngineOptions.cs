namespace Hearth.Cpu.Software;

/// <summary>How a <see cref="SoftwareCpuEngine"/> is set up; part of the guest's configuration, except the cache.</summary>
public sealed record SoftwareEngineOptions
{
    public required CpuModel Model { get; init; }

    /// <summary>Ticks a second of the guest's TSC.</summary>
    public required ulong TscFrequency { get; init; }

    /// <summary>How many vCPUs the machine has, as CPUID tells.</summary>
    public int VcpuCount { get; init; } = 1;

    /// <summary>When user code runs directly.</summary>
    public DirectTierMode DirectTier { get; init; }

    /// <summary>Bytes for translated code, 256 KiB to 1 GiB.</summary>
    public long CodeCacheLength { get; init; } = 256 << 20;
}
