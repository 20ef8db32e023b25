using Hearth.Cpu.Kvm.Interop;
using Hearth.Linux;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Kvm;

/// <summary>Runs guests on the processor's own virtualization, VT-x or AMD-V, through Linux's KVM. See docs/kvm-engine.md.</summary>
public sealed unsafe class KvmCpuEngine : ICpuEngine
{
    // Between the IOAPIC, HPET and local APICs and the firmware below 4 GiB: no device is there, nor RAM.
    private const ulong LentPages = 0xFEFF_C000;

    private readonly KvmDevice _device;
    private readonly KvmMachine _machine;
    private readonly KvmEngineOptions _options;
    private readonly KvmMemoryMap _memory;
    private readonly List<KvmVcpu> _vcpus = [];
    private readonly KvmApics _apics;
    private readonly SpeculationControls _speculation;
    private readonly Lock _lock = new();

    // Of one instant, see FrozenTimestamp.
    private ulong _frozenTimestamp;
    private ulong _frozenClock;
    private KvmDirtyTracker? _tracker;

    /// <param name="device">Owned.</param>
    /// <exception cref="MachineException">KVM cannot give the guest its model.</exception>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public KvmCpuEngine(GuestRam ram, KvmDevice device, KvmEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(ram);
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _device = device;
        try
        {
            if (device.Refuse(Model, Paravirtual) is { } refusal)
                throw new MachineException(refusal);
            _speculation = KvmSpeculation.Of(device);
            KeptMsrs = _device.GetMsrIndices();
            _machine = _device.CreateMachine();
            _machine.LendPages(LentPages);
            _machine.CreateLocalApics(InterruptRouter.GsiCount);
            _machine.KeepDirtyLogs();
            _memory = new KvmMemoryMap(_machine, ram);
            _apics = new KvmApics(_machine, _vcpus);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Name => "kvm";

    public bool AsksBeforeWrites => false;

    public IEngineApics? Apics => _apics;

    internal CpuModel Model => _options.Model;

    internal ParavirtualInterface Paravirtual => _options.Paravirtual;

    internal IReadOnlyList<uint> KeptMsrs { get; }

    public IVcpu CreateVcpu(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(index, _vcpus.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, 254);
        KvmVcpuHandle handle = _machine.CreateVcpu(index);
        try
        {
            Configure(handle, index);
            var vcpu = new KvmVcpu(this, index, handle);

            // Its time began with the first one's, and passes until it is reset with the others or gets a state.
            if (index > 0)
                vcpu.TscOffset = _vcpus[0].TscOffset;
            Thaw();
            lock (_lock)
                _vcpus.Add(vcpu);
            return vcpu;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public void StopTime() => FrozenTimestamp(_vcpus[0]);

    public void StartTime()
    {
        lock (_lock)
        {
            ulong ticks = _vcpus[0].HostTimestamp() - FrozenTimestamp(_vcpus[0]);
            foreach (KvmVcpu vcpu in _vcpus)
                vcpu.TscOffset -= ticks;
            _machine.Clock = _frozenClock;
            Thaw();
        }
    }

    public void AdvanceTime(TimeSpan by)
    {
        lock (_lock)
        {
            _ = FrozenTimestamp(_vcpus[0]);
            _frozenClock += (ulong)by.Ticks * 100;
            foreach (KvmVcpu vcpu in _vcpus)
                vcpu.AdvanceTicks((ulong)((UInt128)(ulong)by.Ticks * _options.TscFrequency / TimeSpan.TicksPerSecond));
        }
    }

    public IDirtyTracker TrackWrites()
    {
        if (_tracker is not null)
            throw new InvalidOperationException("writes to the guest's memory are tracked already");
        try
        {
            _memory.LogsWrites = true;
            return _tracker = new KvmDirtyTracker(this, _memory);
        }
        catch
        {
            StopLogging();
            throw;
        }
    }

    public IReadOnlyList<EngineStatistic> Statistics() => [];

    /// <summary>Ends the engine, after its vCPUs have stopped.</summary>
    public void Dispose()
    {
        foreach (KvmVcpu vcpu in _vcpus)
            vcpu.Dispose();
        _machine?.Dispose();
        _device.Dispose();
    }

    internal void EndOfInterrupt(byte vector) => _apics.EndOfInterrupt(vector);

    /// <summary>The host's time-stamp counter, in guest ticks, at the instant at which time was stopped, the same for all vCPUs. It is now where time was not.</summary>
    internal ulong FrozenTimestamp(KvmVcpu vcpu)
    {
        lock (_lock)
        {
            // The clock is read last: it may be ahead of the counters by the time between, never behind what the guest has seen.
            if (_frozenTimestamp == 0)
                (_frozenTimestamp, _frozenClock) = (vcpu.HostTimestamp(), _machine.Clock);
            return _frozenTimestamp;
        }
    }

    /// <summary>The paravirtual clock at the instant of <see cref="FrozenTimestamp"/>, in nanoseconds.</summary>
    internal ulong FrozenClock(KvmVcpu vcpu)
    {
        lock (_lock)
        {
            FrozenTimestamp(vcpu);
            return _frozenClock;
        }
    }

    /// <summary>Sets what the paravirtual clock showed at the instant of <see cref="FrozenTimestamp"/>; it has gone on since, as the counters have.</summary>
    internal void SetClock(KvmVcpu vcpu, ulong nanoseconds)
    {
        lock (_lock)
        {
            ulong start = FrozenTimestamp(vcpu);
            ulong ticks = vcpu.HostTimestamp() - start;
            _machine.Clock = nanoseconds + (ulong)((UInt128)ticks * 1_000_000_000 / _options.TscFrequency);
            _frozenClock = nanoseconds;
        }
    }

    /// <summary>Ends what <see cref="TrackWrites"/> began.</summary>
    internal void Forget(KvmDirtyTracker tracker)
    {
        if (_tracker != tracker)
            return;
        _tracker = null;
        StopLogging();
    }

    /// <summary>A vCPU runs: time does, too.</summary>
    internal void Thaw() => Volatile.Write(ref _frozenTimestamp, 0);

    private void Configure(KvmVcpuHandle vcpu, int index)
    {
        vcpu.HideUnannounced(Paravirtual);
        var topology = new CpuTopology(index, _options.VcpuCount);
        vcpu.SetCpuid(new KvmCpuid(CpuidBuilder.Build(Model, topology, _options.TscFrequency, _speculation, Paravirtual)));
        if (_device.RefuseFrequency(_options.TscFrequency, vcpu.TscFrequency) is { } refusal)
            throw new MachineException(refusal);
        if (!vcpu.TrySetTscFrequency((uint)(_options.TscFrequency / 1000)))
            throw new MachineException($"KVM does not let the guest's time-stamp counter run at {_options.TscFrequency / 1e6:F0} MHz");
        vcpu.TrySetMsr(Msr.ArchCapabilities, _speculation.ArchCapabilities);
        vcpu.TrySetMsr(Msr.PlatformInfo, 0);
        vcpu.TrySetMsr(Msr.BiosSignature, (ulong)Model.Signature.Microcode << 32);
    }

    /// <summary>A slot whose writes are still noted costs the guest time, and nothing else: no reason to fail.</summary>
    private void StopLogging()
    {
        try
        {
            _memory.LogsWrites = false;
        }
        catch (LinuxException)
        {
        }
    }
}
