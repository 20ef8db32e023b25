namespace Hearth.Devices.Virtio.Balloon;

/// <summary>The balloon's features, queues, configuration layout and statistics (virtio 1.2, section 5.5).</summary>
internal static class BalloonRegisters
{
    public const ulong FeatureStatistics = 1UL << 1;
    public const ulong FeatureDeflateOnOutOfMemory = 1UL << 2;
    public const ulong FeaturePagePoison = 1UL << 4;
    public const ulong FeaturePageReporting = 1UL << 5;

    public const int InflateQueue = 0;
    public const int DeflateQueue = 1;
    public const int StatisticsQueue = 2;

    /// <summary>The queue of free-page hints, which are not offered; see the device for what comes here all the same.</summary>
    public const int HintQueue = 3;
    public const int ReportQueue = 4;

    public const int ConfigurationLength = 16;
    public const int TargetPages = 0;
    public const int ActualPages = 4;
    public const int PoisonValue = 12;

    /// <summary>A page of the balloon has 4096 bytes, whatever the guest's pages have.</summary>
    public const int PageShift = 12;

    /// <summary>struct virtio_balloon_stat: a tag of 16 bits and a value of 64, unaligned.</summary>
    public const int StatisticLength = 10;
    public const int StatisticValue = 2;
}
