namespace Hearth.Storage;

/// <summary>An internal snapshot.</summary>
/// <param name="DiskSize">Bytes.</param>
/// <param name="VmStateLength">Bytes that another program saved with it.</param>
public sealed record SnapshotInfo(string Id, string Name, DateTimeOffset Taken, ulong DiskSize, ulong VmStateLength);
