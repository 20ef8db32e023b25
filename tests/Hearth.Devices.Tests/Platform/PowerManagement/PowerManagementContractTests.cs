using Hearth.Devices.Platform.PowerManagement;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.PowerManagement;

public sealed class PowerManagementContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine)
    {
        PowerManagementDevice device = PowerManagementModule.Create(machine.Context);
        machine.Ports.Map(new AddressRange(0xCF9, 1), device.ResetControlPort);
        return device;
    }

    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        var power = (PowerManagementDevice)device;
        power.PressPowerButton();
        power.RaiseGeneralPurposeEvent(seed % 16);
    }
}
