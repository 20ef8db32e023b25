namespace Hearth.Devices.Platform.Smbios;

/// <summary>What the SMBIOS tables say of a machine.</summary>
public sealed record SmbiosConfiguration
{
    /// <summary>Bytes of RAM.</summary>
    public required ulong MemorySize { get; init; }

    /// <summary>RAM below 4 GiB ends here at the latest; the rest begins at 4 GiB.</summary>
    public ulong LowMemoryEnd { get; init; } = 0xC000_0000;

    public required int Processors { get; init; }

    /// <summary>The machine's identity, which an operating system keeps licences and leases by.</summary>
    public Guid Uuid { get; init; }

    public string SerialNumber { get; init; } = "";

    /// <summary>CPUID leaf 1, EAX.</summary>
    public uint ProcessorSignature { get; init; }

    /// <summary>CPUID leaf 1, EDX.</summary>
    public uint ProcessorFeatures { get; init; }

    /// <summary>For example the brand string of the CPU model.</summary>
    public string ProcessorVersion { get; init; } = "";

    /// <summary>MHz.</summary>
    public int ProcessorSpeed { get; init; }

    /// <summary>The appliance's version, as the firmware's.</summary>
    public string Version { get; init; } = "1.0";
}
