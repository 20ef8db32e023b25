using Hearth.Machine;

namespace Hearth.Devices.Platform.DebugConsole;

/// <summary>The debug console of firmware, port 0x402.</summary>
/// <param name="port">Where the characters go.</param>
public sealed class DebugConsoleModule(ICharacterPort port) : IDeviceModule
{
    private const ushort Port = 0x402;

    public string Name => "debug-console";

    /// <inheritdoc/>
    public IMachineDevice Create(DeviceContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var device = new DebugConsoleDevice(port);
        context.Ports.Map(new AddressRange(Port, 1), device);
        return device;
    }
}
