namespace Hearth.Protocol;

/// <summary>A vsock device, and the socket by which programs of the host reach the guest.</summary>
/// <param name="Cid">The guest's address, 3 to 0xFFFFFFFE.</param>
/// <param name="Listener">A listening stream socket.</param>
public sealed record VsockConfiguration(uint Cid, int Listener);
