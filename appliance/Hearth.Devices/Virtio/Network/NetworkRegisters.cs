namespace Hearth.Devices.Virtio.Network;

/// <summary>The network device's features, configuration layout and packet header (virtio 1.2, section 5.1).</summary>
internal static class NetworkRegisters
{
    public const ulong FeatureMtu = 1UL << 3;
    public const ulong FeatureMac = 1UL << 5;
    public const ulong FeatureMergeBuffers = 1UL << 15;
    public const ulong FeatureStatus = 1UL << 16;

    public const int ConfigurationLength = 12;
    public const int Mac = 0;
    public const int Status = 6;
    public const int Mtu = 10;

    public const ushort StatusLinkUp = 1;

    /// <summary>struct virtio_net_hdr with num_buffers, which VERSION_1 always has.</summary>
    public const int HeaderLength = 12;
    public const int HeaderBufferCount = 10;
}
