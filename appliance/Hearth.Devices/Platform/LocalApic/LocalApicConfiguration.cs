namespace Hearth.Devices.Platform.LocalApic;

/// <summary>What a local APIC is, as the CPU model says.</summary>
public sealed record LocalApicConfiguration
{
    /// <summary>The initial APIC id, 0–254; also the vCPU's index. Id 0 is the bootstrap processor.</summary>
    public required byte Id { get; init; }

    /// <summary>CPUID.1:ECX.X2APIC.</summary>
    public bool HasX2Apic { get; init; } = true;

    /// <summary>CPUID.1:ECX.TSC_DEADLINE.</summary>
    public bool HasTscDeadline { get; init; } = true;

    /// <summary>CPUID.80000008H:EAX[7:0]: bits above it are reserved in IA32_APIC_BASE.</summary>
    public int PhysicalAddressBits { get; init; } = 40;
}
