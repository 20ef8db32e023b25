namespace Hearth.Machine;

/// <summary>The host's side of a vsock device: programs that reach ports of the guest, and that the guest reaches by a port.</summary>
/// <remarks>The device calls with its lock held; the host calls the device with none held.</remarks>
public interface IVsockHost
{
    /// <summary>Connects the device; called once, before the machine runs.</summary>
    void Connect(IVsockGuest guest);

    /// <summary>A guest wants to reach a port of the host.</summary>
    /// <param name="guestPort">The guest's end.</param>
    /// <returns>A stream to the program that waited for it; null when none does.</returns>
    IVsockStream? Accept(uint port, uint guestPort);
}
