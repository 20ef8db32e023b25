using Hearth.Devices.Platform.Hpet;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.Hpet;

public sealed class HpetContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine) =>
        new HpetModule(new GatedLine(machine.Line(1)), new GatedLine(machine.Line(2))).Create(machine.Context);
}
