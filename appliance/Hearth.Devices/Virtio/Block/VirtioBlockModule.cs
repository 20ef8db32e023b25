using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Block;

/// <summary>A disk: <c>virtio-blk0</c>, <c>virtio-blk1</c>, ….</summary>
/// <param name="index">Counts the machine's disks; names the device in saved states.</param>
/// <param name="slot">The PCI slot; null takes the first free one.</param>
public sealed class VirtioBlockModule(PciBus bus, int index, IBlockBackend backend, string serial, int? slot = null)
    : VirtioModule(bus, slot)
{
    public override string Name => $"virtio-blk{index}";

    protected override VirtioDevice CreateDevice(DeviceContext context) => new VirtioBlockDevice(Name, backend, serial, context);
}
