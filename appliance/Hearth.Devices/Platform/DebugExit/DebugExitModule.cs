using Hearth.Machine;

namespace Hearth.Devices.Platform.DebugExit;

/// <summary>The debug-exit port.</summary>
/// <param name="port">The first of its ports; a byte, word or dword written to any of them counts.</param>
public sealed class DebugExitModule(ushort port = DebugExitModule.DefaultPort) : IDeviceModule
{
    public const ushort DefaultPort = 0xF4;

    // Wide enough for a dword written to the first port.
    private const int Length = 4;

    public string Name => "debug-exit";

    /// <inheritdoc/>
    public IMachineDevice Create(DeviceContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var device = new DebugExitDevice(context.Control);
        context.Ports.Map(new AddressRange(port, Length), device);
        return device;
    }
}
