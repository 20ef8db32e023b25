using Hearth.Machine;

namespace Hearth.Devices.Platform.FwCfg;

/// <summary>The firmware configuration interface at ports 0x510–0x51B.</summary>
/// <param name="contents">What the firmware is told; complete when the device is created.</param>
public sealed class FwCfgModule(FwCfgContents contents) : IDeviceModule
{
    public string Name => "fw-cfg";

    /// <inheritdoc/>
    public IMachineDevice Create(DeviceContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var device = new FwCfgDevice(contents, context.Ram, context.Log);
        context.Ports.Map(new AddressRange(FwCfgRegisters.PortBase, FwCfgRegisters.Length), device);
        return device;
    }
}
