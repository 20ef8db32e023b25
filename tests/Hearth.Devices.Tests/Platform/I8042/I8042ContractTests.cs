using Hearth.Devices.Platform.I8042;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.I8042;

public sealed class I8042ContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine) => I8042Module.Create(machine.Context);

    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        var controller = (I8042Device)device;
        var random = new Random(seed);
        for (int i = 0; i < 40; i++)
        {
            controller.Key((ushort)random.Next(300), random.Next(2) == 0);
            controller.MoveMouse(random.Next(-500, 500), random.Next(-500, 500), random.Next(-9, 9), (MouseButtons)random.Next(32));
            machine.Clock.Advance(random.Next(100_000_000));
        }
    }
}
