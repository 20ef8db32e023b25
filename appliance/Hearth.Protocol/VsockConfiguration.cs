namespace Hearth.Protocol;

/// <summary>A vsock device, and the socket by which programs of the host reach the guest.</summary>
/// <param name="Cid">The guest's address, 3 to 0xFFFFFFFE.</param>
/// <param name="Listener">A listening stream socket.</param>
/// <param name="Folder">The descriptor of the folder that it lies in, from which it goes with the guest.</param>
/// <param name="Name">Its name there.</param>
public sealed record VsockConfiguration(uint Cid, int Listener, int Folder, string Name);
