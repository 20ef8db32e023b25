using Hearth.Devices.Platform.Pic;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.Pic;

public sealed class PicContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine) => new PicDevice(machine.Ports, machine.Line(23));

    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        var pic = (PicDevice)device;
        var random = new Random(seed);
        for (int i = 0; i < 100; i++)
        {
            pic.SetPin(random.Next(20), random.Next(2) == 0);
            if (random.Next(4) == 0)
                pic.Acknowledge();
        }

        // The pins belong to the wires, not to the controller: they are let go so that a reset ends at power-on.
        for (int pin = 0; pin < 16; pin++)
            pic.SetPin(pin, false);
    }
}
