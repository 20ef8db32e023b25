using Hearth.Machine;

namespace Hearth.Devices.Platform.Pit;

/// <summary>Adds the interval timer; its line passes through the HPET's legacy switch.</summary>
public sealed class PitModule(IEdgeLine line) : IDeviceModule
{
    public string Name => "pit";

    public IMachineDevice Create(DeviceContext context) => new PitDevice(context, line);
}
