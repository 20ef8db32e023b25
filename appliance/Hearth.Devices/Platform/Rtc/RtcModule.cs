using Hearth.Machine;

namespace Hearth.Devices.Platform.Rtc;

/// <summary>Adds the real-time clock; its line passes through the HPET's legacy switch.</summary>
public sealed class RtcModule(IInterruptLine line, CmosMemorySize memory, CmosBootOrder order = default) : IDeviceModule
{
    public string Name => "rtc";

    public IMachineDevice Create(DeviceContext context) => new RtcDevice(context, line, memory, order);
}
