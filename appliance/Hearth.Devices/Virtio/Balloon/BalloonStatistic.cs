namespace Hearth.Devices.Virtio.Balloon;

/// <summary>What a guest tells of its memory, by its tag (virtio 1.2, section 5.5.6.3). Amounts are bytes.</summary>
public enum BalloonStatistic
{
    SwapIn = 0,
    SwapOut = 1,
    MajorFaults = 2,
    MinorFaults = 3,
    FreeMemory = 4,
    TotalMemory = 5,
    AvailableMemory = 6,
    DiskCaches = 7,
    HugePageAllocations = 8,
    HugePageFailures = 9,
}
