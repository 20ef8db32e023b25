using Hearth.Machine;

namespace Hearth.Devices.Platform.PowerManagement;

/// <summary>ACPI power management at ports 0x600–0x63F, 0xB2–0xB3 and 0xCF9, with the SCI on IRQ 9.</summary>
public sealed class PowerManagementModule : IDeviceModule
{
    // 0xCF9 lies inside the PCI configuration address port, which answers dword accesses only.
    private const int AboveConfigurationAddress = 1;

    public string Name => "power-management";

    IMachineDevice IDeviceModule.Create(DeviceContext context) => Create(context);

    /// <inheritdoc cref="IDeviceModule.Create"/>
    /// <returns>The device, through which the host presses the power button.</returns>
    public static PowerManagementDevice Create(DeviceContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var device = new PowerManagementDevice(
            context.Line(PowerManagementRegisters.SystemControlInterrupt), context.Clock, context.Control, context.Log);
        context.Ports.Map(new AddressRange(PowerManagementRegisters.PortBase, PowerManagementRegisters.Length), device);
        context.Ports.Map(new AddressRange(PowerManagementRegisters.SmiCommandPort, 1), device.SmiCommandPort);
        context.Ports.Map(new AddressRange(PowerManagementRegisters.SmiStatusPort, 1), device.SmiStatusPort);
        context.Ports.MapOverlay(
            new AddressRange(PowerManagementRegisters.ResetControlPort, 1), device.ResetControlPort, AboveConfigurationAddress);
        return device;
    }
}
