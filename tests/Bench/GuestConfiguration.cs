namespace Hearth.Bench;

/// <summary>The guest that both virtual machine monitors run.</summary>
internal sealed record GuestConfiguration(string Kernel, string Initrd)
{
    public string CommandLine { get; init; } = "console=ttyS0 panic=-1";

    /// <summary>With K, M or G; both sides read it alike.</summary>
    public string Memory { get; init; } = "512M";

    public int Cpus { get; init; } = 1;
}
