using Hearth.Machine;

namespace Hearth.Devices.Pci.I6300Esb;

/// <summary>The machine's watchdog.</summary>
/// <param name="slot">The PCI slot; null takes the first free one.</param>
public sealed class I6300EsbModule(PciBus bus, int? slot = null) : IDeviceModule
{
    public string Name => "i6300esb";

    /// <inheritdoc/>
    public IMachineDevice Create(DeviceContext context)
    {
        var device = new I6300EsbDevice(context);
        bus.Add(device, slot ?? bus.FreeSlot());
        return device;
    }
}
