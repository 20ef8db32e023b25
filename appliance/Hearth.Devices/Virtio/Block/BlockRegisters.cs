namespace Hearth.Devices.Virtio.Block;

/// <summary>The block device's features, configuration layout and request formats (virtio 1.2, section 5.2).</summary>
internal static class BlockRegisters
{
    public const ulong FeatureSizeMaximum = 1UL << 1;
    public const ulong FeatureSegmentMaximum = 1UL << 2;
    public const ulong FeatureReadOnly = 1UL << 5;
    public const ulong FeatureBlockSize = 1UL << 6;
    public const ulong FeatureFlush = 1UL << 9;
    public const ulong FeatureDiscard = 1UL << 13;
    public const ulong FeatureWriteZeroes = 1UL << 14;

    public const int ConfigurationLength = 60;
    public const int Capacity = 0;
    public const int SizeMaximum = 8;
    public const int SegmentMaximum = 12;
    public const int BlockSize = 20;
    public const int DiscardMaximumSectors = 36;
    public const int DiscardMaximumSegments = 40;
    public const int DiscardAlignment = 44;
    public const int WriteZeroesMaximumSectors = 48;
    public const int WriteZeroesMaximumSegments = 52;

    /// <summary>Bytes of a sector in requests and capacity, whatever the block size is.</summary>
    public const uint SectorLength = 512;

    public const int HeaderLength = 16;
    public const int RangeLength = 16;
    public const int SerialLength = 20;

    public const uint TypeIn = 0;
    public const uint TypeOut = 1;
    public const uint TypeFlush = 4;
    public const uint TypeGetId = 8;
    public const uint TypeDiscard = 11;
    public const uint TypeWriteZeroes = 13;

    public const uint RangeFlagUnmap = 1;

    public const byte StatusOk = 0;
    public const byte StatusIoError = 1;
    public const byte StatusUnsupported = 2;
}
