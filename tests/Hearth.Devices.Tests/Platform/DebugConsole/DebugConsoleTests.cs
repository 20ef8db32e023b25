using Hearth.Devices.Platform.DebugConsole;
using Hearth.Devices.Tests.Platform.Uart;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.DebugConsole;

public class DebugConsoleContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine) => new DebugConsoleModule(new SilentPort()).Create(machine.Context);

    private sealed class SilentPort : ICharacterPort
    {
        public void Write(ReadOnlySpan<byte> data)
        {
        }

        public void Connect(ICharacterReceiver receiver)
        {
        }
    }
}

public class DebugConsoleTests
{
    [Fact]
    public void Port_Written_GivesCharactersAndReadsAsPresent()
    {
        var machine = new TestMachine();
        var port = new RecordingCharacterPort();
        new DebugConsoleModule(port).Create(machine.Context).Reset();

        machine.Out(0x402, (byte)'o');
        machine.Out(0x402, (byte)'k');

        Assert.Equal("ok", port.Text);
        Assert.Equal(0xE9, machine.In(0x402));
    }
}
