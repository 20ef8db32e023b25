using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using static Hearth.Storage.Qcow2.Qcow2Layout;

namespace Hearth.Storage.Qcow2;

/// <summary>An image's header and its extensions (qcow2 specification, "Header", "Header extensions").</summary>
internal sealed record Qcow2Header
{
    public required uint Version { get; init; }

    public required int ClusterBits { get; init; }

    /// <summary>The virtual disk's size: bytes.</summary>
    public required ulong Size { get; init; }

    /// <summary>Entries of the active L1 table.</summary>
    public required int L1Size { get; init; }

    public required long L1Table { get; init; }

    public required long RefcountTable { get; init; }

    public required int RefcountTableClusters { get; init; }

    public int SnapshotCount { get; init; }

    public long Snapshots { get; init; }

    public ulong Incompatible { get; init; }

    public ulong Compatible { get; init; }

    public ulong Autoclear { get; init; }

    public int RefcountOrder { get; init; } = 4;

    public Qcow2Compression Compression { get; init; }

    /// <summary>As it stands in the header; null for none.</summary>
    public string? BackingName { get; init; }

    /// <summary>The format that the header names for the backing file; null where it names none.</summary>
    public string? BackingFormat { get; init; }

    /// <summary>Where the bitmaps' directory lies; zero without one.</summary>
    public long BitmapDirectory { get; init; }

    /// <summary>Bytes.</summary>
    public long BitmapDirectoryLength { get; init; }

    public int BitmapCount { get; init; }

    public long ClusterLength => 1L << ClusterBits;

    /// <summary>Bytes of the disk that one L2 table maps.</summary>
    public int L2SpanBits => ClusterBits + ClusterBits - 3;

    public bool IsDirty => (Incompatible & IncompatibleDirty) != 0;

    public bool IsCorrupt => (Incompatible & IncompatibleCorrupt) != 0;

    public bool HasLazyRefcounts => (Compatible & CompatibleLazyRefcounts) != 0;

    public bool HasZeroFlag => Version >= 3;

    /// <summary>Entries that an L1 table needs for a disk of that size.</summary>
    public static ulong L1EntriesFor(ulong size, int clusterBits)
    {
        int span = clusterBits + clusterBits - 3;
        return (size >> span) + ((size & ((1UL << span) - 1)) == 0 ? 0UL : 1UL);
    }

    public static bool HasMagic(ReadOnlySpan<byte> start) => start.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32BigEndian(start) == Magic;

    /// <summary>Reads the header of a file, and refuses what is not understood or cannot be.</summary>
    /// <exception cref="StorageException">It is no image, damaged, or uses what this engine does not know.</exception>
    public static Qcow2Header Read(ImageFile file)
    {
        long length = file.Length;
        var start = new byte[Math.Min(length, HeaderLengthV3 + sizeof(ulong))];
        file.Read(start, 0);
        if (!HasMagic(start))
            throw new StorageException($"The disk '{file.Name}' is no qcow2 image: the magic number at offset 0 is missing.");
        var reader = new Qcow2HeaderReader(file.Name, length, start);
        int clusterBits = reader.ReadClusterBits();
        var cluster = new byte[Math.Min(length, 1L << clusterBits)];
        file.Read(cluster, 0);
        return new Qcow2HeaderReader(file.Name, length, cluster).ReadAll();
    }

    /// <summary>A first cluster with this header, its extensions, and the backing file's name.</summary>
    public byte[] ToCluster()
    {
        var cluster = new byte[ClusterLength];
        int headerLength = Version < 3 ? HeaderLengthV2 : HeaderLengthV3 + sizeof(ulong);
        BinaryPrimitives.WriteUInt32BigEndian(cluster, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(cluster.AsSpan(VersionOffset), Version);
        BinaryPrimitives.WriteUInt32BigEndian(cluster.AsSpan(ClusterBitsOffset), (uint)ClusterBits);
        BinaryPrimitives.WriteUInt64BigEndian(cluster.AsSpan(SizeOffset), Size);
        BinaryPrimitives.WriteUInt32BigEndian(cluster.AsSpan(L1SizeOffset), (uint)L1Size);
        BinaryPrimitives.WriteInt64BigEndian(cluster.AsSpan(L1TableOffset), L1Table);
        BinaryPrimitives.WriteInt64BigEndian(cluster.AsSpan(RefcountTableOffset), RefcountTable);
        BinaryPrimitives.WriteUInt32BigEndian(cluster.AsSpan(RefcountTableClustersOffset), (uint)RefcountTableClusters);
        BinaryPrimitives.WriteUInt32BigEndian(cluster.AsSpan(SnapshotCountOffset), (uint)SnapshotCount);
        BinaryPrimitives.WriteInt64BigEndian(cluster.AsSpan(SnapshotsOffset), Snapshots);
        if (Version >= 3)
        {
            BinaryPrimitives.WriteUInt64BigEndian(cluster.AsSpan(IncompatibleOffset), Incompatible);
            BinaryPrimitives.WriteUInt64BigEndian(cluster.AsSpan(CompatibleOffset), Compatible);
            BinaryPrimitives.WriteUInt64BigEndian(cluster.AsSpan(AutoclearOffset), Autoclear);
            BinaryPrimitives.WriteUInt32BigEndian(cluster.AsSpan(RefcountOrderOffset), (uint)RefcountOrder);
            BinaryPrimitives.WriteUInt32BigEndian(cluster.AsSpan(HeaderLengthOffset), (uint)headerLength);
            cluster[CompressionOffset] = (byte)Compression;
        }

        WriteRest(cluster, headerLength);
        return cluster;
    }

    private void WriteRest(byte[] cluster, int at)
    {
        byte[] format = Encoding.UTF8.GetBytes(BackingFormat ?? "");
        byte[] name = Encoding.UTF8.GetBytes(BackingName ?? "");
        int extension = format.Length == 0 ? 0 : 8 + ((format.Length + 7) & ~7);
        if (name.Length > MaximumBackingNameLength || at + extension + 8 + name.Length > cluster.Length)
            throw new StorageException($"The name of the backing file '{BackingName}' is too long for clusters of {cluster.Length} bytes.");
        if (format.Length != 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(cluster.AsSpan(at), ExtensionBackingFormat);
            BinaryPrimitives.WriteUInt32BigEndian(cluster.AsSpan(at + 4), (uint)format.Length);
            format.CopyTo(cluster, at + 8);
        }

        // The end of the extensions is eight zeros, which are there.
        at += extension + 8;
        if (name.Length == 0)
            return;
        name.CopyTo(cluster, at);
        BinaryPrimitives.WriteUInt64BigEndian(cluster.AsSpan(BackingOffset), (ulong)at);
        BinaryPrimitives.WriteUInt32BigEndian(cluster.AsSpan(BackingSizeOffset), (uint)name.Length);
    }

    /// <summary>The refcounts' width: bits.</summary>
    public int RefcountBits => 1 << RefcountOrder;

    /// <summary>Refcounts that one block has.</summary>
    public long RefcountBlockEntries => ClusterLength * 8 / RefcountBits;

    /// <summary>Clusters that so many bytes take.</summary>
    public long ClustersFor(long bytes) => (bytes + ClusterLength - 1) >> ClusterBits;

    /// <summary>The bits of features this engine does not know.</summary>
    public static int LowestBit(ulong bits) => BitOperations.TrailingZeroCount(bits);
}
