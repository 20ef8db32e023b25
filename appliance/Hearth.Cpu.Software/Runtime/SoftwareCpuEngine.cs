using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>
/// Runs guests without hardware virtualization: same-ISA binary translation. See docs/software-engine.md.
/// </summary>
public sealed class SoftwareCpuEngine : ICpuEngine, IDeviceMemoryUser
{
    private const long HugePage = 2 << 20;

    private readonly List<SoftwareVcpu> _vcpus = [];
    private readonly Lock _lock = new();
    private readonly Action _askToStepAside;
    private ulong _frozenTimestamp;
    private DirtyTracker? _tracker;

    /// <param name="options">CPU model, TSC frequency, size of the code cache.</param>
    /// <exception cref="MachineException">This host cannot run the model, or the code cache has an impossible size.</exception>
    public SoftwareCpuEngine(GuestRam ram, SoftwareEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(ram);
        ArgumentNullException.ThrowIfNull(options);
        Ram = ram;
        Options = options;
        _askToStepAside = AskOthersToStepAside;
        IReadOnlyList<string> missing = options.Model.NativelyMissingOn(HostProcessor.Cpuid);
        if (missing.Count > 0)
            throw new MachineException($"this host's processor cannot run the CPU model {options.Model.Name}: it lacks {string.Join(", ", missing)}");
        if (HostRefusal is { } refusal)
            throw new MachineException(refusal);
        if (options.CodeCacheLength is < CodeCache.MinimumLength or > CodeCache.MaximumLength)
            throw new MachineException($"the code cache can have 256 KiB to 1 GiB, not {options.CodeCacheLength} bytes");
        Scale = new TimestampScale(options.TscFrequency);
        TimestampEpoch = Scale.FromHost(HostTimestampCounter.Read());
        HyperV = new HyperVPartition(ram, options.TscFrequency);
        var classifier = new InstructionClassifier(ModelInstructions.Of(options.Model), ModelInstructions.AbsentOn(HostProcessor.Cpuid));
        Store = new TranslationStore(ram, classifier, Scale.IsSame, (nuint)options.CodeCacheLength);
        if (options.TranslationDirectory is { } directory)
            Store.Attach(directory, Identity());
        if (ram.Device is { } device)
            device.User = this;
    }

    public string Name => "software";

    public bool AsksBeforeWrites => true;

    public IEngineApics? Apics => null;

    /// <summary>Why this host's processor runs no guest at all, a sentence without a full stop; null when it does.</summary>
    public static string? HostRefusal => System.Runtime.Intrinsics.X86.Bmi2.X64.IsSupported && System.Runtime.Intrinsics.X86.Avx2.IsSupported
        ? null
        : "the software engine needs a processor with AVX2 and BMI2";

    /// <summary>Ticks a second of this host's time-stamp counter: a guest with the same needs no conversion.</summary>
    public static ulong HostTscFrequency => HostTimestampCounter.Frequency;

    /// <summary>Says what <see cref="HostTscFrequency"/> is, before it is asked for: another process has measured it.</summary>
    public static void UseHostTscFrequency(ulong frequency) => HostTimestampCounter.Use(frequency);

    internal GuestRam Ram { get; }

    internal SoftwareEngineOptions Options { get; }

    internal TranslationStore Store { get; }

    internal ExclusiveGate Gate { get; } = new();

    internal TimestampScale Scale { get; }

    /// <summary>What the vCPUs of a guest that has Hyper-V's interface have in common.</summary>
    internal HyperVPartition HyperV { get; }

    /// <summary>What every TSC has been counting from since power-on, in guest ticks: they all agree.</summary>
    internal ulong TimestampEpoch { get; }

    /// <inheritdoc cref="ICpuEngine.CreateVcpu"/>
    public IBareVcpu CreateVcpu(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, 254);
        var vcpu = new SoftwareVcpu(this, index);
        lock (_lock)
            _vcpus.Add(vcpu);
        Store.Add(vcpu);
        return vcpu;
    }

    IVcpu ICpuEngine.CreateVcpu(int index) => CreateVcpu(index);

    public void StopTime() => FrozenTimestamp();

    public void StartTime()
    {
        lock (_lock)
        {
            ulong ticks = Scale.FromHost(HostTimestampCounter.Read()) - Scale.FromHost(FrozenTimestamp());
            foreach (SoftwareVcpu vcpu in _vcpus)
                vcpu.SkipTicks(ticks);
            Thaw();
        }
    }

    public void AdvanceTime(TimeSpan by)
    {
        ulong ticks = (ulong)((UInt128)(ulong)by.Ticks * Options.TscFrequency / TimeSpan.TicksPerSecond);
        _ = FrozenTimestamp();
        lock (_lock)
        {
            foreach (SoftwareVcpu vcpu in _vcpus)
                vcpu.AdvanceTicks(ticks);
        }
    }

    public IDirtyTracker TrackWrites()
    {
        if (_tracker is not null)
            throw new InvalidOperationException("writes to the guest's memory are tracked already");
        return _tracker = new DirtyTracker(this);
    }

    public unsafe IReadOnlyList<EngineStatistic> Statistics()
    {
        var sum = new ExitCounters();
        var direct = new DirectCounters();
        lock (_lock)
        {
            foreach (SoftwareVcpu vcpu in _vcpus)
            {
                vcpu.Counters.TakeMachineCode(vcpu.State);
                sum.Add(vcpu.Counters);
                direct.Add(vcpu.DirectCounters);
            }

            long bound = Store.MemoryBound + (_vcpus.Count * HugePage);
            var total = new EngineStatistic("memory: the engine takes at most", $"{bound >> 20} MiB");
            return [total, .. Store.Statistics(), new EngineStatistic("memory: vCPU states and soft TLBs", $"{_vcpus.Count * VcpuState.Size >> 10} KiB"), .. sum.Describe(), .. direct.Describe()];
        }
    }

    public void DeviceMemoryPlaced()
    {
        lock (_lock)
        {
            foreach (SoftwareVcpu vcpu in _vcpus)
                vcpu.AskToFlush();
        }
    }

    /// <remarks>Every write sets <see cref="PageFlags.Dirty"/>, once: there is nothing to add, but the right to write without it is to be taken back.</remarks>
    public void TakeDeviceWrites(PageSet into)
    {
        ArgumentNullException.ThrowIfNull(into);
        if (into.Words.ContainsAnyExcept(0UL))
            TakeWriteRights();
    }

    /// <summary>What translated code depends on besides the guest's bytes and mode.</summary>
    private string Identity()
    {
        string features = string.Join(',', Options.Model.Features.Where(feature => feature.IsOn(HostProcessor.Cpuid)).Select(feature => feature.Name));
        Guid engine = typeof(SoftwareCpuEngine).Module.ModuleVersionId;
        Guid encoder = typeof(Iced.Intel.Encoder).Module.ModuleVersionId;
        return $"{engine} {encoder} {Options.Model.Name} {Scale.IsSame} {VcpuState.Size} {Store.Cache.FirstBlockOffset} {features}";
    }

    /// <summary>Ends the engine, after its vCPUs have stopped; what was translated may go to the disk.</summary>
    public void Dispose()
    {
        Store.Keep();
        Store.Dispose();
        SoftwareVcpu[] vcpus;
        lock (_lock)
            vcpus = [.. _vcpus];
        foreach (SoftwareVcpu vcpu in vcpus)
            vcpu.Dispose();
    }

    /// <summary>Forgets a vCPU that is being disposed of.</summary>
    internal void Remove(SoftwareVcpu vcpu)
    {
        Store.Remove(vcpu);
        lock (_lock)
            _vcpus.Remove(vcpu);
    }

    /// <summary>The host's TSC at the instant at which time was stopped, the same for all vCPUs. It is now where time was not.</summary>
    internal ulong FrozenTimestamp()
    {
        lock (_lock)
        {
            if (_frozenTimestamp == 0)
                _frozenTimestamp = HostTimestampCounter.Read();
            return _frozenTimestamp;
        }
    }

    /// <summary>A vCPU runs: time does, too.</summary>
    internal void Thaw() => Volatile.Write(ref _frozenTimestamp, 0);

    internal void Forget(DirtyTracker tracker)
    {
        if (_tracker == tracker)
            _tracker = null;
    }

    /// <summary>From here on no vCPU writes to a page whose <see cref="PageFlags.Dirty"/> it has not seen set since. Not on a vCPU's thread.</summary>
    internal void TakeWriteRights()
    {
        Gate.Enter();
        Gate.Acquire(_askToStepAside);
        lock (_lock)
        {
            foreach (SoftwareVcpu vcpu in _vcpus)
                vcpu.TakeWriteRights();
        }

        Gate.Release();
        Gate.Leave();
    }

    internal void AskOthersToStepAside()
    {
        lock (_lock)
        {
            foreach (SoftwareVcpu vcpu in _vcpus)
                vcpu.AskToStepAside();
        }
    }
}
