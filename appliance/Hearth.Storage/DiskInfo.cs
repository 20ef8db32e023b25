namespace Hearth.Storage;

/// <summary>What an image says of itself. What only qcow2 has is null for a raw one.</summary>
public sealed record DiskInfo
{
    public required string File { get; init; }

    public required string Format { get; init; }

    /// <summary>Bytes of the disk.</summary>
    public required ulong VirtualSize { get; init; }

    /// <summary>Bytes of the file, holes included.</summary>
    public required long FileLength { get; init; }

    /// <summary>Bytes that the file takes on the host, without its holes; null for a block device.</summary>
    public long? HostUsage { get; init; }

    /// <summary>A guest, or a program that changes the image, has it open for writing: what is told here may change any moment.</summary>
    public bool InUse { get; init; }

    public uint? Version { get; init; }

    /// <summary>Bytes.</summary>
    public long? ClusterSize { get; init; }

    public int? RefcountBits { get; init; }

    public string? Compression { get; init; }

    public bool? LazyRefcounts { get; init; }

    /// <summary>Its writer did not end; counts are repaired when it is next opened for writing.</summary>
    public bool? Dirty { get; init; }

    public bool? Corrupt { get; init; }

    /// <summary>As it stands in the header.</summary>
    public string? BackingFile { get; init; }

    public string? BackingFormat { get; init; }

    public IReadOnlyList<SnapshotInfo> Snapshots { get; init; } = [];
}
