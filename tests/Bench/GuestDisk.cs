namespace Hearth.Bench;

/// <summary>An image as a guest's virtio disk. Both sides keep it in the host's page cache and bring it to stable storage when the guest flushes.</summary>
/// <param name="Format"><c>raw</c> or <c>qcow2</c>, as both sides call it.</param>
internal sealed record GuestDisk(string Path, string Format = "raw");
