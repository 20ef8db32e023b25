using Hearth.Devices.Pci;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Pci;

/// <summary>
/// A function as direct boot leaves it: reset, then its BARs placed, so that the contract suite finds its registers. The
/// configuration ports are out of the suite's reach: moving a BAR changes what it may attack.
/// </summary>
internal sealed class AssignedMachinePart : IMachineDevice
{
    private readonly PciBus _bus;
    private readonly PciFunction _function;

    public AssignedMachinePart(TestMachine machine, PciFunction function)
    {
        _bus = new PciBus(WithOtherPorts(machine.Context), null);
        _function = function;
        _bus.Add(function, 2);
    }

    public PciFunction Function => _function;

    public string Name => _function.Name;

    public void Reset()
    {
        _function.Reset();
        PciResources.Assign(_bus);
    }

    public void Save(IStateWriter to) => _function.Save(to);

    public void Restore(IStateReader from) => _function.Restore(from);

    private static DeviceContext WithOtherPorts(DeviceContext context) => new()
    {
        Memory = context.Memory,
        Ports = new RecordingAddressSpace("other", Bus.PortSpace),
        Ram = context.Ram,
        Clock = context.Clock,
        Messages = context.Messages,
        Control = context.Control,
        Log = context.Log,
        Line = context.Line,
    };
}
