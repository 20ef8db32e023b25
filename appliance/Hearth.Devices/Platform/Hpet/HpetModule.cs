using Hearth.Machine;

namespace Hearth.Devices.Platform.Hpet;

/// <summary>Adds the HPET, which switches the lines of the PIT and the RTC.</summary>
public sealed class HpetModule(GatedLine pit, GatedLine rtc) : IDeviceModule
{
    public string Name => "hpet";

    public IMachineDevice Create(DeviceContext context) => new HpetDevice(context, pit, rtc);
}
