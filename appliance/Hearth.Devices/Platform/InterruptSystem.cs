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

    public InterruptSystem(IAddressSpace memory, IAddressSpace ports, IVirtualClock clock, IDeviceLog log)
    {
        _clock = clock;
        _log = log;
        Pic = new PicDevice(ports, _bootstrapInput);
        IoApic = new IoApicDevice(memory, Messages, log);
        _router = new InterruptRouter(Pic, IoApic);
    }

    public ApicBus Messages { get; } = new();

    public PicDevice Pic { get; }

    public IoApicDevice IoApic { get; }

    /// <summary>
    /// What is reset and saved, in the order in which it must be restored: all of it before the devices that drive lines, so
    /// that the level a restored device sets is no new edge.
    /// </summary>
    public IEnumerable<IMachineDevice> Devices => [.. Messages.Apics, IoApic, Pic];

    /// <summary>Adds a source to the wire of a GSI.</summary>
    public IEdgeLine Line(int gsi) => _router.Line(gsi);

    /// <summary>Adds a processor's local APIC; that of id 0 takes the PIC's output on LINT0.</summary>
    /// <exception cref="MachineException">The id is taken.</exception>
    public LocalApicDevice AddProcessor(LocalApicConfiguration configuration, IVcpuSignals signals, ITimestampCounter counter)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var apic = new LocalApicDevice(configuration, Messages, _clock, counter, signals, _log);
        if (configuration.Id == 0)
        {
            apic.Connect(Pic);
            _bootstrapInput.Target = apic.Lint0;
        }

        return apic;
    }

    /// <summary>The wire from the PIC to a processor that is made after it.</summary>
    private sealed class BootstrapInput : IInterruptLine
    {
        public IInterruptLine? Target { get; set; }

        public void Set(bool asserted) => Target?.Set(asserted);
    }
}
