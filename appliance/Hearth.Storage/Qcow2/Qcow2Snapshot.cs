namespace Hearth.Storage.Qcow2;

/// <summary>An entry of the snapshot table (qcow2 specification, "Snapshots").</summary>
/// <param name="Seconds">When it was taken, since 1970.</param>
/// <param name="VmClock">How long the guest had run: nanoseconds.</param>
/// <param name="VmStateLength">Bytes that another program saved with the disk, behind its end.</param>
/// <param name="DiskSize">Bytes of the disk at that time.</param>
/// <param name="Extra">What the entry has beyond these fields; kept as it is.</param>
internal sealed record Qcow2Snapshot(
    long L1Table, int L1Size, string Id, string Name, uint Seconds, uint Nanoseconds, ulong VmClock, ulong VmStateLength, ulong DiskSize, byte[] Extra);
