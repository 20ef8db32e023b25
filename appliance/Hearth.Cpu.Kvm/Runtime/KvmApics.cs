using Hearth.Cpu.Kvm.Interop;
using Hearth.Machine;

namespace Hearth.Cpu.Kvm;

/// <summary>The local APICs in the kernel, and the messages that reach them.</summary>
internal sealed class KvmApics : IEngineApics
{
    private const uint LevelTriggered = 1 << 15;

    private readonly KvmMachine _machine;
    private readonly IReadOnlyList<KvmVcpu> _vcpus;
    private readonly Lock _lock = new();

    // One a pin of the IOAPIC. The kernel takes all at once, so that a change of one begins with what the others are.
    private readonly KvmList<kvm_irq_routing, kvm_irq_routing_entry> _routes = new(InterruptRouter.GsiCount);
    private IProcessorSink? _sink;

    /// <param name="vcpus">Those that were created, in the order of their indices.</param>
    public KvmApics(KvmMachine machine, IReadOnlyList<KvmVcpu> vcpus)
    {
        _machine = machine;
        _vcpus = vcpus;
        _routes.Head.nr = InterruptRouter.GsiCount;
        for (int pin = 0; pin < InterruptRouter.GsiCount; pin++)
            _routes.Items[pin] = new kvm_irq_routing_entry { gsi = (uint)pin, type = kvm_irq_routing_entry.Msi };
    }

    public IEngineApic this[int index] => _vcpus[index];

    public bool TrySend(ulong address, uint data) => _machine.TrySignal(address, data);

    public void SetRoute(int pin, ulong address, uint data)
    {
        lock (_lock)
        {
            ref kvm_irq_routing_entry route = ref _routes.Items[pin];
            (uint low, uint high) = ((uint)address, (uint)(address >> 32));
            if (route.address_lo == low && route.address_hi == high && route.data == data)
                return;
            bool mattered = ((route.data | data) & LevelTriggered) != 0;
            (route.address_lo, route.address_hi, route.data) = (low, high, data);

            // The kernel looks at the routes only for the ends that it has to tell; to change them makes it wait for every vCPU.
            if (mattered)
                _machine.SetRoutes(_routes);
        }
    }

    public void AddVectors(Span<ulong> into)
    {
        foreach (KvmVcpu vcpu in _vcpus)
            vcpu.AddVectors(into);
    }

    public void Connect(IProcessorSink sink) => _sink = sink;

    /// <summary>A vCPU has ended an interrupt of a route that is level-triggered.</summary>
    internal void EndOfInterrupt(byte vector) => _sink?.EndOfInterrupt(vector);
}
