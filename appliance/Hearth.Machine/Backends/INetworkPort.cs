namespace Hearth.Machine;

/// <summary>The network side of a NIC: sends and receives Ethernet frames, without FCS.</summary>
public interface INetworkPort
{
    /// <summary>Sends one frame, at the latest with <see cref="Flush"/>. Does not keep the span, and does not wait.</summary>
    /// <returns>
    /// False when there is no room for it: the NIC keeps it, and sends nothing until <see cref="INetworkReceiver.ResumeSend"/>, which comes for certain. What the network then
    /// loses was sent.
    /// </returns>
    bool TrySend(ReadOnlySpan<byte> frame);

    /// <summary>Sends what is still held back: comes after the last of the frames that a guest sends together.</summary>
    void Flush();

    /// <summary>Connects the NIC that takes incoming frames; called once, before the machine runs.</summary>
    void Connect(INetworkReceiver receiver);

    /// <summary>
    /// The NIC has buffers again after it refused a frame: the port offers what it kept. Returns at once; the frame comes
    /// on the port's thread. From any thread, also while the NIC's lock is held.
    /// </summary>
    void ResumeReceive();
}

/// <summary>The NIC side: takes frames from the network, on the network's thread.</summary>
public interface INetworkReceiver
{
    /// <returns>
    /// False when the guest offers no buffer now; the port keeps this frame and takes no further ones from the network until
    /// <see cref="INetworkPort.ResumeReceive"/>.
    /// </returns>
    bool TryReceive(ReadOnlySpan<byte> frame);

    /// <summary>The port has room again after it refused a frame. On a thread of the port's, which holds no lock.</summary>
    void ResumeSend();

    /// <summary>The cable was pulled or plugged in. A link is up until this is called.</summary>
    void LinkChanged(bool up);
}
