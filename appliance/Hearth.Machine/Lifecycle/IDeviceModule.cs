namespace Hearth.Machine;

/// <summary>A kind of device; adding one is a folder and one line in the catalogue.</summary>
public interface IDeviceModule
{
    string Name { get; }

    /// <summary>Creates the device and maps it; it answers the guest once the machine has reset it.</summary>
    /// <exception cref="MachineException">Its ranges are taken or its configuration makes no sense.</exception>
    IMachineDevice Create(DeviceContext context);
}
