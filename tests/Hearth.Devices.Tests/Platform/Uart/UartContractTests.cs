using System.Text;
using Hearth.Devices.Platform.Uart;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.Uart;

public sealed class UartContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine) => new UartModule(0, new RecordingCharacterPort()).Create(machine.Context);

    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        var uart = (UartDevice)device;
        uart.Receive(Encoding.ASCII.GetBytes(new string('x', seed % 20)));
        uart.TrySendBreak();
    }
}
