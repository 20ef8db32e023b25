namespace Hearth.Storage;

/// <summary>What a new disk is to be.</summary>
/// <param name="Path">A file that does not exist.</param>
/// <param name="Size">Bytes; null for that of the backing file.</param>
public sealed record NewDisk(string Path, ulong? Size)
{
    public DiskFormat Format { get; init; } = DiskFormat.Qcow2;

    /// <summary>Bytes: a power of two between 512 and 2 MiB.</summary>
    public int ClusterSize { get; init; } = 64 << 10;

    /// <summary>Of the qcow2 format: 2 or 3.</summary>
    public int Version { get; init; } = 3;

    /// <summary>A power of two between 1 and 64.</summary>
    public int RefcountBits { get; init; } = 16;

    public bool LazyRefcounts { get; init; }

    /// <summary>Compressed clusters are compressed by zstd, not by deflate.</summary>
    public bool Zstd { get; init; }

    /// <summary>As it is written into the header.</summary>
    public string? Backing { get; init; }

    /// <summary>Null to recognise it.</summary>
    public DiskFormat? BackingFormat { get; init; }

    /// <summary>The backing file is not looked at, because a guest writes to it: it is known to have <see cref="Size"/> bytes and <see cref="BackingFormat"/>.</summary>
    public bool IsBackingKnown { get; init; }
}
