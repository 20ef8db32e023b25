using Hearth.Machine;

namespace Hearth.Devices.Platform.Pvpanic;

/// <summary>pvpanic at its ISA port, 0x505.</summary>
public sealed class PvpanicModule : IDeviceModule
{
    public string Name => "pvpanic";

    /// <inheritdoc/>
    public IMachineDevice Create(DeviceContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var device = new PvpanicDevice(context.Control, context.Log);
        context.Ports.Map(new AddressRange(PvpanicRegisters.Port, 1), device);
        return device;
    }
}
