namespace Hearth.Snapshots.States;

/// <summary>A file of a state beside its memory.</summary>
/// <param name="Name">Its file's name.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Checksum">CRC-32C.</param>
internal sealed record StatePart(string Name, long Length, uint Checksum);
