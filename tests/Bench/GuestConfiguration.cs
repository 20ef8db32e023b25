namespace Hearth.Bench;

/// <summary>The guest that both virtual machine monitors run.</summary>
/// <param name="Initrd">Null for a kernel that needs nothing else.</param>
internal sealed record GuestConfiguration(string Kernel, string? Initrd)
{
    public string CommandLine { get; init; } = "console=ttyS0 panic=-1";

    /// <summary>With K, M or G; both sides read it alike.</summary>
    public string Memory { get; init; } = "512M";

    public int Cpus { get; init; } = 1;

    /// <summary>A raw image for its virtio disk; null for none.</summary>
    public string? Disk { get; init; }
}
