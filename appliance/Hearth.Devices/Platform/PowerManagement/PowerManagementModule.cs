using Hearth.Machine;

namespace Hearth.Devices.Platform.PowerManagement;

/// <summary>ACPI power management at ports 0x600–0x63F and 0xB2–0xB3, with the SCI on IRQ 9.</summary>
/// <remarks>
/// The reset control register is not mapped here: port 0xCF9 lies inside the PCI configuration address, and the PCI bus, which
/// is given <see cref="PowerManagementDevice.ResetControlPort"/>, tells the two apart.
/// </remarks>
public sealed class PowerManagementModule : IDeviceModule
{
    public string Name => "power-management";

    IMachineDevice IDeviceModule.Create(DeviceContext context) => Create(context);

    /// <inheritdoc cref="IDeviceModule.Create"/>
    /// <returns>The device, through which the host presses the power button; the PCI bus takes its reset control port.</returns>
    public static PowerManagementDevice Create(DeviceContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var device = new PowerManagementDevice(
            context.Line(PowerManagementRegisters.SystemControlInterrupt), context.Clock, context.Control, context.Log);
        context.Ports.Map(new AddressRange(PowerManagementRegisters.PortBase, PowerManagementRegisters.Length), device);
        context.Ports.Map(new AddressRange(PowerManagementRegisters.SmiCommandPort, 1), device.SmiCommandPort);
        context.Ports.Map(new AddressRange(PowerManagementRegisters.SmiStatusPort, 1), device.SmiStatusPort);
        return device;
    }
}
