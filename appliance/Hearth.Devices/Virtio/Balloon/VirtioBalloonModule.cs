using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Balloon;

/// <summary>The machine's memory balloon, <c>virtio-balloon0</c>.</summary>
/// <param name="memory">The guest's RAM.</param>
/// <param name="target">Bytes that the guest is to give up at first.</param>
/// <param name="interval">Time between two questions for statistics; zero asks never.</param>
/// <param name="slot">The PCI slot; null takes the first free one.</param>
public sealed class VirtioBalloonModule(PciBus bus, IReclaimableMemory memory, ulong target, TimeSpan interval, int? slot = null) : VirtioModule(bus, slot)
{
    public override string Name => "virtio-balloon0";

    protected override VirtioDevice CreateDevice(DeviceContext context) => new VirtioBalloonDevice(Name, memory, target, interval, context);
}
