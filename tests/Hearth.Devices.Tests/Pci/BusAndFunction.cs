using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Tests.Pci;

/// <summary>A function together with the bus whose ports lead to it, as one part for the contract suite.</summary>
internal sealed class BusAndFunction(PciBus bus, PciFunction function) : IMachineDevice
{
    public string Name => function.Name;

    public PciFunction Function => function;

    public void Reset()
    {
        bus.Reset();
        function.Reset();
    }

    public void Save(IStateWriter to)
    {
        bus.Save(to);
        function.Save(to);
    }

    public void Restore(IStateReader from)
    {
        bus.Restore(from);
        function.Restore(from);
    }
}
