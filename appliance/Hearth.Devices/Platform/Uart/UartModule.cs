using Hearth.Machine;

namespace Hearth.Devices.Platform.Uart;

/// <summary>One of the four serial ports of a PC, COM1 to COM4.</summary>
public sealed class UartModule : IDeviceModule
{
    private static readonly ushort[] s_bases = [0x3F8, 0x2F8, 0x3E8, 0x2E8];
    private static readonly byte[] s_interrupts = [4, 3, 4, 3];

    private readonly int _index;
    private readonly ICharacterPort? _port;

    /// <param name="index">0 for COM1 to 3 for COM4.</param>
    /// <param name="port">What is plugged in, or null.</param>
    /// <exception cref="MachineException">A PC has no such serial port.</exception>
    public UartModule(int index, ICharacterPort? port = null)
    {
        if (index < 0 || index >= s_bases.Length)
            throw new MachineException($"A PC has serial ports 0 to {s_bases.Length - 1}; there is no port {index}.");
        _index = index;
        _port = port;
    }

    public string Name => $"uart{_index}";

    /// <summary>The first of its eight I/O ports.</summary>
    public static ushort PortBase(int index) => s_bases[index];

    /// <summary>Its ISA interrupt.</summary>
    public static byte Interrupt(int index) => s_interrupts[index];

    IMachineDevice IDeviceModule.Create(DeviceContext context) => Create(context);

    /// <inheritdoc cref="IDeviceModule.Create"/>
    /// <returns>The device, which the composition flushes and disposes.</returns>
    public UartDevice Create(DeviceContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var device = new UartDevice(Name, context.Line(s_interrupts[_index]), context.Clock, _port);
        context.Ports.Map(new AddressRange(s_bases[_index], UartRegisters.Count), device);
        return device;
    }
}
