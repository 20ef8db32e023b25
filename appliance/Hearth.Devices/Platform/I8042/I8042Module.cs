using Hearth.Machine;

namespace Hearth.Devices.Platform.I8042;

/// <summary>The keyboard controller at ports 0x60, 0x64 and 0x92, on IRQ 1 and 12.</summary>
public sealed class I8042Module : IDeviceModule
{
    private const ushort DataPort = 0x60;
    private const ushort CommandPort = 0x64;
    private const ushort SystemControlPort = 0x92;
    private const int KeyboardInterrupt = 1;
    private const int MouseInterrupt = 12;

    public string Name => "i8042";

    IMachineDevice IDeviceModule.Create(DeviceContext context) => Create(context);

    /// <inheritdoc cref="IDeviceModule.Create"/>
    /// <returns>The device, through which the host sends keys and mouse movement.</returns>
    public static I8042Device Create(DeviceContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var device = new I8042Device(
            context.Line(KeyboardInterrupt), context.Line(MouseInterrupt), context.Clock, context.Control, context.Log);
        context.Ports.Map(new AddressRange(DataPort, 1), device.DataPort);
        context.Ports.Map(new AddressRange(CommandPort, 1), device.CommandPort);
        context.Ports.Map(new AddressRange(SystemControlPort, 1), device.SystemControlPort);
        return device;
    }
}
