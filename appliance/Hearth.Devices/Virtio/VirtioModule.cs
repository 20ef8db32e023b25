using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Virtio;

/// <summary>Creates a virtio device and plugs it into the PCI bus.</summary>
public abstract class VirtioModule : IDeviceModule
{
    private readonly PciBus _bus;
    private readonly int? _slot;

    /// <param name="slot">The PCI slot; null takes the first free one.</param>
    protected VirtioModule(PciBus bus, int? slot)
    {
        ArgumentNullException.ThrowIfNull(bus);
        _bus = bus;
        _slot = slot;
    }

    public abstract string Name { get; }

    public IMachineDevice Create(DeviceContext context)
    {
        var function = new VirtioPciFunction(CreateDevice(context), context);
        _bus.Add(function, _slot ?? _bus.FreeSlot());
        return function;
    }

    protected abstract VirtioDevice CreateDevice(DeviceContext context);
}
