using Hearth.Devices.Platform.IoApic;
using Hearth.Devices.Platform.LocalApic;
using Hearth.Devices.Platform.Pic;
using Hearth.Machine;

namespace Hearth.Devices.Platform;

/// <summary>The interrupt hardware of a PC put together: wires, PIC pair, IOAPIC, local APICs and the bus between them.</summary>
/// <remarks>
/// It is made before the <see cref="DeviceContext"/>, whose <see cref="DeviceContext.Line"/> is <see cref="Line"/> and whose
/// <see cref="DeviceContext.Messages"/> are <see cref="Messages"/>. Processors are added before the machine runs.
/// </remarks>
public sealed class InterruptSystem
{
    private readonly IVirtualClock _clock;
    private readonly IDeviceLog _log;
    private readonly InterruptRouter _router;
    private readonly BootstrapInput _bootstrapInput = new();
    private readonly ApicBus? _bus;
    private readonly IEngineApics? _engine;
    private readonly List<IMachineDevice> _apics = [];

    /// <param name="engine">The local APICs of a CPU engine that has them built in; null for those of the machine.</param>
    public InterruptSystem(IAddressSpace memory, IAddressSpace ports, IVirtualClock clock, IDeviceLog log, IEngineApics? engine = null)
    {
        _clock = clock;
        _log = log;
        _engine = engine;
        _bus = engine is null ? new ApicBus() : null;
        Messages = _bus ?? (IApicBus)new EngineApicBus(engine!);
        Pic = new PicDevice(ports, _bootstrapInput);
        IoApic = new IoApicDevice(memory, Messages, log);
        _router = new InterruptRouter(Pic, IoApic);
    }

    public IApicBus Messages { get; }

    public PicDevice Pic { get; }

    public IoApicDevice IoApic { get; }

    /// <summary>
    /// What is reset and saved, in the order in which it must be restored: all of it before the devices that drive lines, so
    /// that the level a restored device sets is no new edge.
    /// </summary>
    public IEnumerable<IMachineDevice> Devices => [.. _apics, IoApic, Pic];

    /// <summary>Takes in what a CPU engine has not told yet, so that what is saved is whole. While no vCPU runs and no device works.</summary>
    public void Settle() => (Messages as EngineApicBus)?.Settle();

    /// <summary>Adds a source to the wire of a GSI.</summary>
    public IEdgeLine Line(int gsi) => _router.Line(gsi);

    /// <summary>Adds a processor and its local APIC; that of id 0 takes the PIC's output on LINT0. In the order of the ids.</summary>
    /// <exception cref="MachineException">The id is taken.</exception>
    public LocalApicDevice AddProcessor(LocalApicConfiguration configuration, IVcpuSignals signals, ITimestampCounter counter)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (_bus is null)
            throw new MachineException("The CPU engine has local APICs of its own.");
        var apic = new LocalApicDevice(configuration, _bus, _clock, counter, signals, _log);
        _apics.Add(apic);
        if (configuration.Id == 0)
        {
            apic.Connect(Pic);
            _bootstrapInput.Target = apic.Lint0;
        }

        return apic;
    }

    /// <summary>Adds a processor whose local APIC the CPU engine has built in; that of index 0 takes the PIC's output on LINT0.</summary>
    /// <exception cref="MachineException">The engine has none.</exception>
    public void AddProcessor(int index)
    {
        IEngineApic apic = _engine?[index] ?? throw new MachineException("The CPU engine has no local APICs.");
        _apics.Add(new EngineApicDevice(index, apic, _clock));
        if (index == 0)
        {
            apic.Connect(Pic);
            _bootstrapInput.Target = apic.ExternalInput;
        }
    }

    /// <summary>The wire from the PIC to a processor that is made after it.</summary>
    private sealed class BootstrapInput : IInterruptLine
    {
        public IInterruptLine? Target { get; set; }

        public void Set(bool asserted) => Target?.Set(asserted);
    }
}
