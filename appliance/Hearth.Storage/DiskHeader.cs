namespace Hearth.Storage;

/// <summary>What the header of a qcow2 image says.</summary>
/// <param name="VirtualSize">Bytes of the disk.</param>
/// <param name="BackingFile">As it is written there; null for none.</param>
public sealed record DiskHeader(ulong VirtualSize, string? BackingFile);
