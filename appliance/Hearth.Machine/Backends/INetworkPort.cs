namespace Hearth.Machine;

/// <summary>The network side of a NIC: sends and receives Ethernet frames, without FCS.</summary>
public interface INetworkPort
{
    /// <summary>Sends one frame; it may be dropped when the network is congested, as on a real wire. Does not keep the span.</summary>
    void Send(ReadOnlySpan<byte> frame);

    /// <summary>Connects the NIC that takes incoming frames; called once, before the machine runs.</summary>
    void Connect(INetworkReceiver receiver);
}

/// <summary>The NIC side: takes frames from the network, on the network's thread.</summary>
public interface INetworkReceiver
{
    /// <returns>False when the guest offers no buffer now; the port may keep the frame until <see cref="INetworkPort"/> is told to retry, or drop it.</returns>
    bool TryReceive(ReadOnlySpan<byte> frame);
}
