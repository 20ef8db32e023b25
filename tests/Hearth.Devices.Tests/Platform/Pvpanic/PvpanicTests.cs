using Hearth.Devices.Platform.Pvpanic;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.Pvpanic;

public sealed class PvpanicTests : DeviceContractTests
{
    private readonly TestMachine _machine = new();

    [Fact]
    public void Read_GivesTheEventsThatAreUnderstood()
    {
        Create(_machine);

        Assert.Equal(3, _machine.In(0x505));
    }

    [Theory]
    [InlineData(1, 1, 0, 0)]
    [InlineData(2, 0, 1, 0)]
    [InlineData(3, 1, 0, 0)]
    [InlineData(0, 0, 0, 0)]
    [InlineData(0x80, 0, 0, 1)]
    public void Write_TellsTheMachine(byte value, int panics, int dumps, int mistakes)
    {
        Create(_machine);

        _machine.Out(0x505, value);

        Assert.Equal((panics, dumps, mistakes), (_machine.Control.Panics, _machine.Control.Dumps, _machine.Log.Count));
    }

    [Fact]
    public void Dump_IsToldOnceUntilAReset()
    {
        IMachineDevice device = Create(_machine);

        _machine.Out(0x505, 2);
        _machine.Out(0x505, 2);
        device.Reset();
        _machine.Out(0x505, 2);

        Assert.Equal(2, _machine.Control.Dumps);
    }

    protected override IMachineDevice Create(TestMachine machine) => new PvpanicModule().Create(machine.Context);
}
