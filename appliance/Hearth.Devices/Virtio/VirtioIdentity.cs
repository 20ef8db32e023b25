namespace Hearth.Devices.Virtio;

/// <summary>What a driver finds on the bus.</summary>
/// <param name="DeviceType">The virtio device id (virtio 1.2, chapter 5): 1 network, 2 block, 3 console, 4 entropy.</param>
/// <param name="ClassCode">The PCI class, 24 bits.</param>
public readonly record struct VirtioIdentity(ushort DeviceType, uint ClassCode);
