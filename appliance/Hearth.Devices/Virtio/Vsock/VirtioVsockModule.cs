using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Vsock;

/// <summary>The machine's socket device, <c>virtio-vsock0</c>.</summary>
/// <param name="guestCid">The guest's address, 3 to 0xFFFFFFFE.</param>
/// <param name="slot">The PCI slot; null takes the first free one.</param>
public sealed class VirtioVsockModule(PciBus bus, IVsockHost host, uint guestCid, int? slot = null) : VirtioModule(bus, slot)
{
    public override string Name => "virtio-vsock0";

    protected override VirtioDevice CreateDevice(DeviceContext context) => new VirtioVsockDevice(Name, host, guestCid, context);
}
