using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Entropy;

/// <summary>The machine's source of randomness, <c>virtio-rng0</c>.</summary>
/// <param name="slot">The PCI slot; null takes the first free one.</param>
public sealed class VirtioEntropyModule(PciBus bus, IEntropySource source, int? slot = null) : VirtioModule(bus, slot)
{
    public override string Name => "virtio-rng0";

    protected override VirtioDevice CreateDevice(DeviceContext context) => new VirtioEntropyDevice(Name, source, context);
}
