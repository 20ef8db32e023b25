namespace Hearth.Protocol;

/// <summary>A new file on top of a disk's.</summary>
/// <param name="Disk">Which of the guest's disks, from 0.</param>
/// <param name="Name">How messages call it.</param>
public sealed record LayerOrder(int Disk, string Name);
