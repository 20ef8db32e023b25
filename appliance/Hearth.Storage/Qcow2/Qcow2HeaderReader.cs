using System.Buffers.Binary;
using System.Text;
using static Hearth.Storage.Qcow2.Qcow2Layout;

namespace Hearth.Storage.Qcow2;

/// <summary>Reads a header that may be damaged or forged: every offset is inside the file and every length has a limit, or it is refused.</summary>
/// <param name="name">The file's, for messages.</param>
/// <param name="fileLength">Bytes.</param>
/// <param name="cluster">The file's first cluster, or what of it there is.</param>
internal sealed class Qcow2HeaderReader(string name, long fileLength, byte[] cluster)
{
    private const ulong KnownIncompatible = IncompatibleDirty | IncompatibleCorrupt | IncompatibleCompression;

    private string? _backingFormat;
    private (long Offset, long Length, int Count) _bitmaps;
    private ReadOnlyMemory<byte> _featureNames;

    public int ReadClusterBits()
    {
        uint version = UInt32(VersionOffset);
        if (version is not (2 or 3))
            throw Damaged(VersionOffset, $"version {version} of the format is not known");
        uint bits = UInt32(ClusterBitsOffset);
        if (bits is < MinimumClusterBits or > MaximumClusterBits)
            throw Damaged(ClusterBitsOffset, $"clusters of 2^{bits} bytes are not between 512 bytes and 2 MiB");
        return (int)bits;
    }

    public Qcow2Header ReadAll()
    {
        int clusterBits = ReadClusterBits();
        uint version = UInt32(VersionOffset);
        int headerLength = version < 3 ? HeaderLengthV2 : ReadHeaderLength();
        ReadExtensions(headerLength);
        ulong incompatible = version < 3 ? 0 : UInt64(IncompatibleOffset);
        CheckFeatures(incompatible);
        if (UInt32(CryptOffset) != 0)
            throw new StorageException($"The disk '{name}' is encrypted, which is not supported (offset {CryptOffset}).");
        ulong size = ReadSize(clusterBits);
        var header = new Qcow2Header
        {
            Version = version,
            ClusterBits = clusterBits,
            Size = size,
            L1Size = ReadL1Size(size, clusterBits),
            L1Table = ReadOffset(L1TableOffset, clusterBits, "L1 table"),
            RefcountTable = ReadOffset(RefcountTableOffset, clusterBits, "refcount table"),
            RefcountTableClusters = ReadRefcountTableClusters(clusterBits),
            SnapshotCount = ReadSnapshotCount(),
            Snapshots = UInt32(SnapshotCountOffset) == 0 ? 0 : ReadOffset(SnapshotsOffset, clusterBits, "snapshot table"),
            Incompatible = incompatible,
            Compatible = version < 3 ? 0 : UInt64(CompatibleOffset),
            Autoclear = version < 3 ? 0 : UInt64(AutoclearOffset),
            RefcountOrder = version < 3 ? 4 : ReadRefcountOrder(),
            Compression = ReadCompression(incompatible, headerLength),
            BackingName = ReadBackingName(),
            BackingFormat = _backingFormat,
            BitmapDirectory = _bitmaps.Offset,
            BitmapDirectoryLength = _bitmaps.Length,
            BitmapCount = _bitmaps.Count,
        };
        RequireInside(L1TableOffset, header.L1Table, header.L1Size * (long)sizeof(ulong), "L1 table");
        RequireInside(RefcountTableOffset, header.RefcountTable, (long)header.RefcountTableClusters << clusterBits, "refcount table");
        return header;
    }

    private int ReadHeaderLength()
    {
        uint length = UInt32(HeaderLengthOffset);
        if (length < HeaderLengthV3 || length % 8 != 0 || length > cluster.Length)
            throw Damaged(HeaderLengthOffset, $"a header of {length} bytes cannot be");
        return (int)length;
    }

    private void ReadExtensions(int at)
    {
        long nameAt = UInt64(BackingOffset) is > 0 and < int.MaxValue and var offset ? (long)offset : cluster.Length;
        long end = Math.Min(nameAt, cluster.Length);
        while (at + 8 <= end)
        {
            uint type = UInt32(at);
            long length = UInt32(at + 4);
            if (type == ExtensionEnd)
                return;
            if (length > end - at - 8)
                throw Damaged(at + 4, $"a header extension of {length} bytes does not fit");
            ReadExtension(type, cluster.AsMemory(at + 8, (int)length), at);
            at += 8 + (int)((length + 7) & ~7L);
        }
    }

    private void ReadExtension(uint type, ReadOnlyMemory<byte> data, int at)
    {
        switch (type)
        {
            case ExtensionBackingFormat:
                _backingFormat = Encoding.UTF8.GetString(data.Span);
                break;
            case ExtensionFeatureNames:
                _featureNames = data;
                break;
            case ExtensionBitmaps when data.Length == 24:
                long length = BinaryPrimitives.ReadInt64BigEndian(data.Span[8..]);
                long offset = BinaryPrimitives.ReadInt64BigEndian(data.Span[16..]);
                RequireInside(at, offset, length, "bitmap directory");
                _bitmaps = (offset, length, (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(data.Span), ushort.MaxValue));
                break;
            case ExtensionBitmaps:
                throw Damaged(at, "the bitmaps extension has a wrong length");
            default:
                break;
        }
    }

    private void CheckFeatures(ulong incompatible)
    {
        if ((incompatible & IncompatibleDataFile) != 0)
            throw new StorageException($"The disk '{name}' keeps its data in another file (an external data file), which is not supported: convert it with `qemu-img convert`.");
        ulong unknown = incompatible & ~KnownIncompatible;
        if (unknown == 0)
            return;
        int bit = Qcow2Header.LowestBit(unknown);
        string feature = bit == 4 ? "extended L2 entries" : FeatureName(bit) ?? "a feature it does not name";
        throw new StorageException($"The disk '{name}' needs {feature} (incompatible feature bit {bit}, offset {IncompatibleOffset}), which is not supported.");
    }

    private string? FeatureName(int bit)
    {
        for (ReadOnlySpan<byte> rest = _featureNames.Span; rest.Length >= FeatureNameLength; rest = rest[FeatureNameLength..])
        {
            if (rest[0] == 0 && rest[1] == bit)
                return $"'{Printable(Encoding.UTF8.GetString(rest[2..FeatureNameLength]).TrimEnd('\0'))}'";
        }

        return null;
    }

    private static string Printable(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? '?' : letter));

    private ulong ReadSize(int clusterBits)
    {
        ulong size = UInt64(SizeOffset);
        if (size == 0)
            throw new StorageException($"The disk '{name}' is empty.");
        if (size % SectorLength != 0)
            throw new StorageException($"The disk '{name}' has {size} bytes, which is not a multiple of {SectorLength}.");
        if (size > long.MaxValue / 2 || Qcow2Header.L1EntriesFor(size, clusterBits) > MaximumL1Length / sizeof(ulong))
            throw Damaged(SizeOffset, $"a disk of {size} bytes is too large for its clusters");
        return size;
    }

    private int ReadL1Size(ulong size, int clusterBits)
    {
        uint entries = UInt32(L1SizeOffset);
        if (entries > MaximumL1Length / sizeof(ulong))
            throw Damaged(L1SizeOffset, $"an L1 table of {entries} entries is too large");
        if (entries < Qcow2Header.L1EntriesFor(size, clusterBits))
            throw Damaged(L1SizeOffset, $"an L1 table of {entries} entries is too small for {size} bytes");
        return (int)entries;
    }

    private int ReadRefcountTableClusters(int clusterBits)
    {
        uint clusters = UInt32(RefcountTableClustersOffset);
        if (clusters == 0 || (ulong)clusters << clusterBits > (ulong)Math.Max(MaximumRefcountTableLength, 1L << clusterBits))
            throw Damaged(RefcountTableClustersOffset, $"a refcount table of {clusters} clusters cannot be");
        return (int)clusters;
    }

    private int ReadSnapshotCount()
    {
        uint count = UInt32(SnapshotCountOffset);
        return count <= MaximumSnapshots ? (int)count : throw Damaged(SnapshotCountOffset, $"{count} snapshots are too many");
    }

    private int ReadRefcountOrder()
    {
        uint order = UInt32(RefcountOrderOffset);
        return order <= MaximumRefcountOrder ? (int)order : throw Damaged(RefcountOrderOffset, $"refcounts of 2^{order} bits cannot be");
    }

    private Qcow2Compression ReadCompression(ulong incompatible, int headerLength)
    {
        byte type = headerLength > CompressionOffset ? cluster[CompressionOffset] : (byte)0;
        bool isOther = (incompatible & IncompatibleCompression) != 0;
        if (isOther == (type == 0))
            throw Damaged(CompressionOffset, $"compression type {type} and incompatible feature bit 3 contradict each other");
        return type <= (byte)Qcow2Compression.Zstd
            ? (Qcow2Compression)type
            : throw new StorageException($"The disk '{name}' needs compression type {type} (offset {CompressionOffset}), which is not supported.");
    }

    private string? ReadBackingName()
    {
        ulong offset = UInt64(BackingOffset);
        uint length = UInt32(BackingSizeOffset);
        if (offset == 0)
            return null;
        if (length is 0 or > MaximumBackingNameLength || offset > (ulong)cluster.Length || length > (ulong)cluster.Length - offset)
            throw Damaged(BackingOffset, "the backing file's name does not lie in the first cluster");
        string backing = Encoding.UTF8.GetString(cluster, (int)offset, (int)length);
        return backing.Contains('\0', StringComparison.Ordinal) ? throw Damaged((long)offset, "the backing file's name has a zero in it") : backing;
    }

    private long ReadOffset(int at, int clusterBits, string what)
    {
        ulong offset = UInt64(at);
        if (offset == 0 || (offset & ((1UL << clusterBits) - 1)) != 0)
            throw Damaged(at, $"the {what}'s offset {offset} is none of a cluster");
        return offset < (ulong)fileLength ? (long)offset : throw Damaged(at, $"the {what}'s offset {offset} lies beyond the file's {fileLength} bytes");
    }

    private void RequireInside(long at, long offset, long length, string what)
    {
        if (offset < 0 || length < 0 || offset > fileLength || length > fileLength - offset)
            throw Damaged(at, $"the {what} of {length} bytes at offset {offset} goes beyond the file's {fileLength} bytes");
    }

    private uint UInt32(int at) => at + sizeof(uint) <= cluster.Length ? BinaryPrimitives.ReadUInt32BigEndian(cluster.AsSpan(at)) : throw Truncated();

    private ulong UInt64(int at) => at + sizeof(ulong) <= cluster.Length ? BinaryPrimitives.ReadUInt64BigEndian(cluster.AsSpan(at)) : throw Truncated();

    private StorageException Truncated() => new($"The disk '{name}' is damaged at offset {cluster.Length}: the header is cut short.");

    private StorageException Damaged(long at, string what) => new($"The disk '{name}' is damaged at offset {at}: {what}.");
}
