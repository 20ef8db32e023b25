namespace Hearth.Protocol;

/// <summary>A virtio NIC whose frames go over a connected stream socket, each after its length (32 bits, big-endian), as passt speaks it.</summary>
/// <param name="MacAddress">Six bytes in hexadecimal.</param>
public sealed record NetworkConfiguration(int Descriptor, string MacAddress);
