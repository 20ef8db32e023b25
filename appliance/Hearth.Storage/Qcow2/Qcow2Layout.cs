namespace Hearth.Storage.Qcow2;

/// <summary>Offsets, bits and limits of the format (qcow2 specification, "Header" to "Snapshots"). All numbers are big-endian.</summary>
internal static class Qcow2Layout
{
    public const uint Magic = 0x514649FB;

    public const int MinimumClusterBits = 9;
    public const int MaximumClusterBits = 21;
    public const int MaximumRefcountOrder = 6;

    public const int HeaderLengthV2 = 72;
    public const int HeaderLengthV3 = 104;

    public const int VersionOffset = 4;
    public const int BackingOffset = 8;
    public const int BackingSizeOffset = 16;
    public const int ClusterBitsOffset = 20;
    public const int SizeOffset = 24;
    public const int CryptOffset = 32;
    public const int L1SizeOffset = 36;
    public const int L1TableOffset = 40;
    public const int RefcountTableOffset = 48;
    public const int RefcountTableClustersOffset = 56;
    public const int SnapshotCountOffset = 60;
    public const int SnapshotsOffset = 64;
    public const int IncompatibleOffset = 72;
    public const int CompatibleOffset = 80;
    public const int AutoclearOffset = 88;
    public const int RefcountOrderOffset = 96;
    public const int HeaderLengthOffset = 100;
    public const int CompressionOffset = 104;

    public const ulong IncompatibleDirty = 1;
    public const ulong IncompatibleCorrupt = 2;
    public const ulong IncompatibleDataFile = 4;
    public const ulong IncompatibleCompression = 8;
    public const ulong IncompatibleExtendedL2 = 16;
    public const ulong CompatibleLazyRefcounts = 1;
    public const ulong AutoclearBitmaps = 1;

    public const uint ExtensionEnd = 0;
    public const uint ExtensionBackingFormat = 0xE2792ACA;
    public const uint ExtensionFeatureNames = 0x6803F857;
    public const uint ExtensionBitmaps = 0x23852875;
    public const int FeatureNameLength = 48;

    /// <summary>Bits 9 to 55 of an L1 or L2 entry.</summary>
    public const ulong OffsetMask = 0x00FF_FFFF_FFFF_FE00;

    /// <summary>Bits 9 to 63 of a refcount table's entry.</summary>
    public const ulong RefcountOffsetMask = ~0x1FFUL;

    public const ulong Copied = 1UL << 63;
    public const ulong Compressed = 1UL << 62;
    public const ulong ReadsAsZeros = 1;

    /// <summary>Bits of an L1 entry that are zero.</summary>
    public const ulong L1Reserved = 0x7F00_0000_0000_01FF;

    /// <summary>Bits of a standard L2 entry that are zero, but for the zero flag.</summary>
    public const ulong L2Reserved = 0x3F00_0000_0000_01FE;

    public const int SectorLength = 512;

    // What makes a parser's memory finite; the specification notes the same limits of other implementations.
    public const long MaximumL1Length = 32 << 20;
    public const long MaximumRefcountTableLength = 8 << 20;
    public const long MaximumSnapshotTableLength = 64 << 20;
    public const int MaximumSnapshots = 65536;

    // The format has 65535; other implementations refuse what is longer than this.
    public const int MaximumSnapshotNameLength = 255;
    public const int MaximumBackingNameLength = 1023;
}
