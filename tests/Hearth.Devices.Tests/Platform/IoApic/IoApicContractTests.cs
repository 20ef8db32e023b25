using Hearth.Devices.Platform.IoApic;
using Hearth.Devices.Platform.LocalApic;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.IoApic;

public sealed class IoApicContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine) => new IoApicDevice(machine.Memory, new ApicBus(), machine.Log);

    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        var ioApic = (IoApicDevice)device;
        var random = new Random(seed);
        for (int i = 0; i < 200; i++)
        {
            machine.WriteDword(IoApicDevice.Address, (uint)random.Next(0x48));
            machine.WriteDword(IoApicDevice.Address + 0x10, (uint)random.NextInt64());
            ioApic.SetPin(random.Next(30), random.Next(2) == 0);
            ioApic.EndOfInterrupt((byte)random.Next(256));
        }

        // The pins belong to the wires, not to the controller: they are let go so that a reset ends at power-on.
        for (int pin = 0; pin < IoApicDevice.PinCount; pin++)
            ioApic.SetPin(pin, false);
    }
}
