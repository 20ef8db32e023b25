using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Sound.Hda;

/// <summary>The sound card, <c>hda0</c>.</summary>
/// <param name="slot">The PCI slot; null takes the first free one.</param>
public sealed class HdaModule(PciBus bus, ISoundBackend backend, int? slot = null) : IDeviceModule
{
    public string Name => "hda0";

    public IMachineDevice Create(DeviceContext context)
    {
        var device = new HdaDevice(Name, backend, context);
        bus.Add(device, slot ?? bus.FreeSlot());
        return device;
    }
}
