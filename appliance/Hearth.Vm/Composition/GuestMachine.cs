using Hearth.Cpu;
using Hearth.Cpu.Software;
using Hearth.Devices.Pci;
using Hearth.Devices.Platform;
using Hearth.Devices.Platform.LocalApic;
using Hearth.Devices.Platform.PowerManagement;
using Hearth.Devices.Platform.Uart;
using Hearth.Machine;
using Hearth.Memory;
using Hearth.Protocol;
using Hearth.Vm.Boot;
using Hearth.Vm.Running;
using Hearth.Vm.Saving;

namespace Hearth.Vm.Composition;

/// <summary>One guest's machine: RAM, buses, clock, interrupt hardware, processors and devices, put together and run as a whole.</summary>
/// <remarks>
/// <code>
/// composed ── PowerOn, or Restore ──► paused ── Resume ──► running ── Pause ──► paused
///                                        └── PowerOn (guest reset), Save ──┘
/// </code>
/// All methods are called by one thread, which is none of the vCPUs'.
/// </remarks>
internal sealed class GuestMachine : IDisposable
{
    private readonly LinuxParker _parker = new();
    private readonly VirtualClock _clock;
    private readonly Bus _memoryBus = new("memory", Bus.MemorySpace);
    private readonly Bus _portBus = new("port", Bus.PortSpace);
    private readonly ICpuEngine _engine;
    private readonly VcpuTeam _team;
    private readonly InterruptSystem _interrupts;
    private readonly MachineDescription _description;
    private readonly BootRequest? _boot;
    private readonly ShadowMemory? _firmware;
    private readonly IMachineDevice[] _devices;
    private readonly IReadOnlyList<IBlockBackend> _disks;

    /// <param name="engine">Makes the CPU engine.</param>
    /// <param name="backends">Owned by the caller; closed after this machine is disposed.</param>
    /// <param name="saved">The guest that is to be restored, which brings its own firmware or has none; null for one that starts.</param>
    /// <exception cref="MachineException">The machine cannot be built like this.</exception>
    public GuestMachine(
        GuestConfiguration configuration, EngineOptions options, EngineFactory engine, GuestBackends backends, MachineEvents events, IDeviceLog log,
        SavedGuestHeader? saved = null)
    {
        Options = options;
        int romLength = saved?.FirmwareLength ?? backends.Firmware.Length;
        Ram = new GuestRam(configuration.Memory, DeviceCatalogue.DeviceMemoryOf(configuration), romLength);
        _firmware = romLength == 0 ? null : new ShadowMemory(Ram, saved is null ? backends.Firmware.Span : []);
        if (_firmware is not null)
            _memoryBus.Map(ShadowMemory.Range, _firmware);
        _clock = new VirtualClock(TimeProvider.System, _parker);
        _engine = engine(Ram, options);
        _disks = backends.Disks;
        _description = new MachineDescription(Ram, options.Cpus, options.Model, options.TscFrequency);
        _boot = backends.Boot;

        _interrupts = new InterruptSystem(_memoryBus, _portBus, _clock, log, _engine.Apics);
        Processors = [.. Enumerable.Range(0, options.Cpus).Select(index => CreateProcessor(index))];
        var context = new DeviceContext
        {
            Memory = _memoryBus,
            Ports = _portBus,
            Ram = Ram,
            Clock = _clock,
            Messages = _interrupts.Messages,
            Control = events,
            Log = log,
            Line = _interrupts.Line,
        };

        // Time-stamp counters before the APICs that compare them with deadlines; those before the devices that drive lines.
        _devices =
        [
            _clock, .. Processors, .. _interrupts.Devices,
            .. DeviceCatalogue.Create(configuration, _description, backends, new MappedDevices(Ram, _firmware, Ram.Device), context),
        ];
        _team = new VcpuTeam(Processors, events);
        events.Connect(_team.Hold);
    }

    public EngineOptions Options { get; }

    public GuestRam Ram { get; }

    public IReadOnlyList<Processor> Processors { get; }

    /// <summary>In the order of the configuration.</summary>
    public IReadOnlyList<IBlockBackend> Disks => _disks;

    public string EngineName => _engine.Name;

    /// <summary>Ticks a second of the host's time-stamp counter, where the engine has measured it; 0 otherwise.</summary>
    public ulong HostTscFrequency => _engine is SoftwareCpuEngine ? SoftwareCpuEngine.HostTscFrequency : 0;

    /// <inheritdoc cref="ICpuEngine.AsksBeforeWrites"/>
    public bool AsksBeforeWrites => _engine.AsksBeforeWrites;

    /// <summary>The guest's time.</summary>
    public IVirtualClock Clock => _clock;

    /// <summary>Power-on, or a reset by the guest: every device to its first state, vCPU 0 at the reset vector of the firmware or at the kernel's entry.</summary>
    /// <exception cref="MachineException">There is neither firmware nor a kernel, or the kernel cannot be started.</exception>
    public void PowerOn()
    {
        if (_boot is null && _firmware is null)
            throw new MachineException("the guest was restored without --kernel and cannot boot again");
        foreach (IMachineDevice device in _devices)
            device.Reset();
        if (_firmware is null)
            StartKernel(_boot!);
    }

    public void Resume()
    {
        _engine.StartTime();
        _clock.Start();
        foreach (IPausableDevice device in _devices.OfType<IPausableDevice>())
            device.Resume();
        _team.Resume();
    }

    /// <summary>Brings what waits for the host's disks to its end while the vCPUs run, so that <see cref="Pause"/> need not wait for it. <see cref="Resume"/> ends that.</summary>
    public void Drain()
    {
        foreach (IDrainableDevice device in _devices.OfType<IDrainableDevice>())
            device.Drain();
    }

    /// <summary>Presses the guest's power button.</summary>
    public void PressPowerButton()
    {
        foreach (PowerManagementDevice device in _devices.OfType<PowerManagementDevice>())
            device.PressPowerButton();
    }

    /// <summary>Stops the vCPUs, then devices that work by themselves, then time.</summary>
    public void Pause()
    {
        _team.Pause();
        foreach (IPausableDevice device in _devices.OfType<IPausableDevice>())
            device.Pause();
        _clock.Stop();
        _engine.StopTime();
        _interrupts.Settle();
    }

    /// <summary>Lets time pass in which the guest did not run. The machine is paused.</summary>
    public void AdvanceTime(TimeSpan by)
    {
        _clock.Advance(by);
        _engine.AdvanceTime(by);
    }

    /// <summary>What the CPU engine counted, and what devices have to show. The machine is paused.</summary>
    public IReadOnlyList<EngineStatistic> Statistics() =>
        [.. _engine.Statistics(), .. _devices.OfType<IDeviceFigures>().SelectMany(device => device.Figures()).Select(figure => new EngineStatistic(figure.Name, figure.Value))];

    /// <summary>Notes from here on which pages of RAM are written. The machine runs or is paused.</summary>
    public IDirtyTracker TrackWrites() => _engine.TrackWrites();

    /// <summary>The state of everything but RAM. The machine is paused.</summary>
    public MachineState Capture() => MachineState.Capture(_devices);

    /// <summary>Brings back what <see cref="Capture"/> took. The machine is paused.</summary>
    /// <exception cref="SavedStateException">It is the state of another machine, or malformed.</exception>
    public void Apply(MachineState state)
    {
        foreach (IMachineDevice device in _devices)
            device.Reset();
        state.Apply(_devices);
    }

    /// <summary>What the guest has written to its disks is on stable storage afterwards: its saved state relies on it.</summary>
    /// <exception cref="IOException">The host's disk failed, or is full.</exception>
    public void FlushDisks() => DiskFlush.Run(_disks);

    /// <summary>Stops everything; what the guest wrote to its serial ports has reached their backends then.</summary>
    public void Dispose()
    {
        _team.Dispose();
        _clock.Stop();
        foreach (UartDevice uart in _devices.OfType<UartDevice>())
            uart.Flush();
        foreach (IDisposable device in _devices.OfType<IDisposable>())
            device.Dispose();
        _engine.Dispose();
        _parker.Dispose();
        Ram.Dispose();
    }

    /// <summary>Does what firmware does before it starts a kernel, and starts it.</summary>
    private void StartKernel(BootRequest boot)
    {
        foreach (PciBus bus in _devices.OfType<PciBus>())
            PciResources.Assign(bus);
        BootRequest described = boot with { AcpiRootPointer = _description.WriteTables(Ram) };
        foreach (Processor processor in Processors)
            processor.PrepareForKernel();

        IVcpu bootstrap = Processors[0].Vcpu;
        CpuState entry = bootstrap.Save();
        KernelLoader.Load(described, Ram, Ram.Slots, entry);
        bootstrap.Restore(entry);
    }

    private Processor CreateProcessor(int index)
    {
        IVcpu vcpu = _engine.CreateVcpu(index);
        LocalApicDevice? apic = null;
        if (vcpu is IBareVcpu bare)
        {
            apic = _interrupts.AddProcessor(
                new LocalApicConfiguration { Id = (byte)index, PhysicalAddressBits = CpuModel.PhysicalAddressBits }, bare, bare.TimestampCounter);
            bare.Connect(apic);
        }
        else
        {
            _interrupts.AddProcessor(index);
        }

        return new Processor(index, vcpu, apic, new VcpuBus(_memoryBus, _portBus, apic));
    }
}
