using Hearth.Devices.Platform.DebugExit;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.DebugExit;

public sealed class DebugExitTests : DeviceContractTests
{
    [Theory]
    [InlineData(AccessWidth.Byte, 0x34u)]
    [InlineData(AccessWidth.Word, 0x1234u)]
    [InlineData(AccessWidth.Dword, 0xABCD1234u)]
    public void Write_OfAnyWidth_EndsWithItsValue(AccessWidth width, uint expected)
    {
        var machine = new TestMachine();
        new DebugExitModule().Create(machine.Context);

        machine.Ports.Bus.Write(0xF4, width, 0xABCD1234);

        Assert.Equal(1, machine.Control.DebugExits);
        Assert.Equal(expected, machine.Control.LastDebugExit);
    }

    [Fact]
    public void Write_ToAChosenPort_Ends()
    {
        var machine = new TestMachine();
        new DebugExitModule(0x501).Create(machine.Context);

        machine.Out(0x501, 0);

        Assert.Equal(1, machine.Control.DebugExits);
        Assert.Equal(0, machine.In(0x501));
    }

    protected override IMachineDevice Create(TestMachine machine) => new DebugExitModule().Create(machine.Context);
}
