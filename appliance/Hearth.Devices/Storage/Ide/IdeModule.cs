using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Storage.Ide;

/// <summary>The IDE channels of the PIIX3.</summary>
/// <param name="drives">Primary master and slave, secondary master and slave; null where a place is empty.</param>
public sealed class IdeModule(PciBus bus, IReadOnlyList<IdeUnit?> drives) : IDeviceModule
{
    /// <summary>Where firmware looks for it: beside the ISA bridge.</summary>
    public const int Slot = 1;

    /// <inheritdoc cref="Slot"/>
    public const int Function = 1;

    public string Name => "ide";

    IMachineDevice IDeviceModule.Create(DeviceContext context) => Create(context);

    /// <inheritdoc cref="IDeviceModule.Create"/>
    /// <returns>The device, by which the host changes discs.</returns>
    public IdeDevice Create(DeviceContext context)
    {
        var device = new IdeDevice(context, drives);
        bus.Add(device, Slot, Function);
        return device;
    }
}
