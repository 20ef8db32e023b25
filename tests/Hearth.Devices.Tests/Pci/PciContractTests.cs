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
