namespace Hearth.Devices.Virtio.Vsock;

/// <summary>The socket device's features, addresses and numbers (virtio 1.2, section 5.10).</summary>
internal static class VsockRegisters
{
    public const ulong FeatureStream = 1UL << 0;

    public const int ReceiveQueue = 0;
    public const int TransmitQueue = 1;
    public const int EventQueue = 2;

    /// <summary>guest_cid, 64 bits.</summary>
    public const int ConfigurationLength = 8;

    /// <summary>VMADDR_CID_HOST.</summary>
    public const ulong HostCid = 2;

    public const ushort TypeStream = 1;

    public const uint ShutdownReceive = 1;
    public const uint ShutdownSend = 2;
    public const uint ShutdownBoth = ShutdownReceive | ShutdownSend;

    /// <summary>VIRTIO_VSOCK_EVENT_TRANSPORT_RESET: every connection is gone.</summary>
    public const uint TransportReset = 0;
}
