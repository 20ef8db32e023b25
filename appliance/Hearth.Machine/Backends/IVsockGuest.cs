namespace Hearth.Machine;

/// <summary>The guest's side of a vsock device, as the host sees it. Called on the host's thread.</summary>
public interface IVsockGuest
{
    /// <summary>A program on the host wants to reach a port of the guest. What becomes of it the stream is told.</summary>
    /// <returns>False when there is no driver, or too many connections; the stream stays the caller's.</returns>
    bool TryConnect(IVsockStream stream, uint port);

    /// <summary>What <see cref="IVsockStream.Await"/> asked for has come; it is not told again until it is asked for again.</summary>
    void Ready(IVsockStream stream);
}
