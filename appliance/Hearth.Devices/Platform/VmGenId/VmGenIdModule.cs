using Hearth.Machine;

namespace Hearth.Devices.Platform.VmGenId;

/// <summary>The generation identifier.</summary>
/// <param name="address">Where it lies in the guest's memory.</param>
/// <param name="raiseEvent">Raises a general purpose event, by its number.</param>
public sealed class VmGenIdModule(IEntropySource entropy, GuestAddress address, Action<int> raiseEvent) : IDeviceModule
{
    /// <summary>The general purpose event that means a new generation: \_GPE._E05 in the ACPI tables.</summary>
    public const int GeneralPurposeEvent = 5;

    /// <summary>Where it lies in a machine that boots without firmware: a page of its own in the reserved BIOS area, behind the ACPI tables.</summary>
    public const ulong DirectBootAddress = 0xE_F000;

    public string Name => "vmgenid";

    /// <inheritdoc/>
    public IMachineDevice Create(DeviceContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new VmGenIdDevice(context.Ram, entropy, address, () => raiseEvent(GeneralPurposeEvent));
    }
}
