namespace Hearth.Bench;

/// <summary>The guest that both virtual machine monitors run.</summary>
/// <param name="Initrd">Null for a kernel that needs nothing else.</param>
internal sealed record GuestConfiguration(string Kernel, string? Initrd)
{
    public string CommandLine { get; init; } = "console=ttyS0 panic=-1";

    /// <summary>With K, M or G; both sides read it alike.</summary>
    public string Memory { get; init; } = "512M";

    public int Cpus { get; init; } = 1;

    /// <summary>Its virtio disks, in order.</summary>
    public IReadOnlyList<GuestDisk> Disks { get; init; } = [];

    /// <summary>The socket of the passt behind its virtio NIC; null for no NIC.</summary>
    public string? PasstSocket { get; init; }

    /// <summary>The size of the screen of its virtio graphics card, in pixels; null for no such card.</summary>
    public (int Width, int Height)? Screen { get; init; }
}
