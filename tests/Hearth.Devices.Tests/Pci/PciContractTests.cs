using Hearth.Devices.Pci;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Pci;

public class PciBusContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine)
    {
        var bus = new PciBus(machine.Context, null);
        bus.Add(new HostBridge(machine.Context), 0);
        return bus;
    }
}

/// <summary>The ISA bridge has no registers outside configuration space: the suite's traffic goes there.</summary>
public class IsaBridgeContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine)
    {
        var bus = new PciBus(machine.Context, null);
        var bridge = new IsaBridge(machine.Context, bus);
        bus.Add(bridge, 1);
        return new BusAndFunction(bus, bridge);
    }

    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 500; i++)
            ((BusAndFunction)device).Function.WriteConfiguration(random.Next(64) * 4, AccessWidth.Dword, (uint)random.Next());
    }
}

public class TestFunctionContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine)
    {
        return new AssignedMachinePart(machine, new TestFunction(machine.Context));
    }

    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed) =>
        ((TestFunction)((AssignedMachinePart)device).Function).SetInterrupt(seed % 2 == 0);
}

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
