namespace Hearth.Devices.Virtio;

/// <summary>Feature bits that belong to the queues and the transport (virtio 1.2, chapter 6).</summary>
internal static class VirtioFeatures
{
    public const ulong IndirectDescriptors = 1UL << 28;
    public const ulong EventIndex = 1UL << 29;
    public const ulong Version1 = 1UL << 32;
    public const ulong RingReset = 1UL << 40;

    /// <summary>What every device here offers. Packed rings are not: they gain nothing without hardware.</summary>
    public const ulong Common = IndirectDescriptors | EventIndex | Version1 | RingReset;
}
