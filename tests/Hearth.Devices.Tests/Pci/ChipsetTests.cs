using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Tests.Pci;

public class ChipsetTests
{
    private readonly PciRig _rig = new();

    public ChipsetTests()
    {
        _rig.Bus.Add(new HostBridge(_rig.Machine.Context), 0);
        _rig.Bus.Add(new IsaBridge(_rig.Machine.Context, _rig.Bus), 1);
        _rig.Bus.Add(new PowerManagementFunction(_rig.Machine.Context), 1, 3);
        Assert.All(_rig.Bus.Functions, function => function.Reset());
    }

    [Theory]
    [InlineData(0, 0, 0x1237_8086, 0x0600_0002)]
    [InlineData(1, 0, 0x7000_8086, 0x0601_0000)]
    [InlineData(1, 3, 0x7113_8086, 0x0680_0003)]
    public void Function_Read_IsThatOfThe440Fx(int slot, int function, uint identity, uint classAndRevision)
    {
        Assert.Equal(identity, _rig.Read(slot, function, 0));
        Assert.Equal(classAndRevision, _rig.Read(slot, function, 8));
    }

    [Fact]
    public void PowerManagement_Base_IsFixedAt0x600()
    {
        _rig.Write(1, 3, 0x40, 0xFFFF_FFFF);

        Assert.Equal(0x601U, _rig.Read(1, 3, 0x40));
        Assert.Equal(1U, _rig.Read(1, 3, 0x80, AccessWidth.Byte));
    }

    [Fact]
    public void IsaBridge_IsMultifunctionAndRoutesNothingAtPowerOn()
    {
        Assert.Equal(0x80U, _rig.Read(1, 0, 0x0E, AccessWidth.Byte));
        Assert.Equal(0x8080_8080, _rig.Read(1, 0, 0x60));
    }
}
