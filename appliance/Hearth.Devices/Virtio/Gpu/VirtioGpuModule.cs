using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Gpu;

/// <summary>A graphics device: <c>virtio-gpu0</c>.</summary>
/// <param name="index">Counts the machine's graphics devices; names the device in saved states.</param>
/// <param name="worker">For this device alone.</param>
/// <param name="slot">The PCI slot; null takes the first free one.</param>
public sealed class VirtioGpuModule(PciBus bus, int index, IDisplay display, IWorker worker, int? slot = null) : VirtioModule(bus, slot)
{
    public override string Name => $"virtio-gpu{index}";

    protected override VirtioDevice CreateDevice(DeviceContext context) => new VirtioGpuDevice(Name, display, worker, context);
}
