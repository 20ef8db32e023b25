using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Network;

/// <summary>A NIC: <c>virtio-net0</c>, ….</summary>
/// <param name="index">Counts the machine's NICs; names the device in saved states.</param>
/// <param name="mtu">The largest IP packet the network takes; 0 says nothing, which means 1500.</param>
/// <param name="slot">The PCI slot; null takes the first free one.</param>
public sealed class VirtioNetworkModule(PciBus bus, int index, INetworkPort port, MacAddress mac, ushort mtu = 0, int? slot = null)
    : VirtioModule(bus, slot)
{
    public override string Name => $"virtio-net{index}";

    protected override VirtioDevice CreateDevice(DeviceContext context) => new VirtioNetworkDevice(Name, port, mac, mtu, context);
}
