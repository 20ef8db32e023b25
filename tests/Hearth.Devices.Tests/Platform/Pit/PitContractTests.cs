using Hearth.Devices.Platform.Pit;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.Pit;

public sealed class PitContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine) => new PitModule(machine.Line(0)).Create(machine.Context);
}
