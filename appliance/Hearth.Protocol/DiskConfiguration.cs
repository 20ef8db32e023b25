namespace Hearth.Protocol;

/// <summary>A virtio disk on a raw image.</summary>
public sealed record DiskConfiguration(OpenFile File, bool IsReadOnly);
