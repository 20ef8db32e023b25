using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>
/// Runs guests without hardware virtualization: same-ISA binary translation. See docs/software-engine.md.
/// </summary>
public sealed class SoftwareCpuEngine : ICpuEngine
{
    private readonly List<SoftwareVcpu> _vcpus = [];
    private readonly Lock _lock = new();
    private ulong _frozenTimestamp;

    /// <param name="options">CPU model, TSC frequency, size of the code cache.</param>
    /// <exception cref="MachineException">This host cannot run the model, or the code cache has an impossible size.</exception>
    public SoftwareCpuEngine(GuestRam ram, SoftwareEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(ram);
        ArgumentNullException.ThrowIfNull(options);
        Ram = ram;
        Options = options;
        options.Model.RequireHost(HostProcessor.Cpuid);
        if (!System.Runtime.Intrinsics.X86.Bmi2.X64.IsSupported || !System.Runtime.Intrinsics.X86.Avx2.IsSupported)
            throw new MachineException("the software engine needs a processor with AVX2 and BMI2");
        if (options.CodeCacheLength is < CodeCache.MinimumLength or > CodeCache.MaximumLength)
            throw new MachineException($"the code cache can have 256 KiB to 1 GiB, not {options.CodeCacheLength} bytes");
        Scale = new TimestampScale(options.TscFrequency);
        TimestampEpoch = Scale.FromHost(HostTimestampCounter.Read());
        Store = new TranslationStore(ram, new InstructionClassifier(ModelInstructions.Of(options.Model)), Scale.IsSame, (nuint)options.CodeCacheLength);
    }

    public string Name => "software";

    /// <summary>Ticks a second of this host's time-stamp counter: a guest with the same needs no conversion.</summary>
    public static ulong HostTscFrequency => HostTimestampCounter.Frequency;

    internal GuestRam Ram { get; }

    internal SoftwareEngineOptions Options { get; }

    internal TranslationStore Store { get; }

    internal ExclusiveGate Gate { get; } = new();

    internal TimestampScale Scale { get; }

    /// <summary>What every TSC has been counting from since power-on, in guest ticks: they all agree.</summary>
    internal ulong TimestampEpoch { get; }

    public IVcpu CreateVcpu(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, 254);
        var vcpu = new SoftwareVcpu(this, index);
        lock (_lock)
            _vcpus.Add(vcpu);
        Store.Add(vcpu);
        return vcpu;
    }

    public void SkipTime(long nanoseconds)
    {
        ulong ticks = (ulong)((UInt128)(ulong)nanoseconds * Options.TscFrequency / 1_000_000_000);
        lock (_lock)
        {
            foreach (SoftwareVcpu vcpu in _vcpus)
                vcpu.SkipTicks(ticks);
        }
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

            return [.. Store.Statistics(), new EngineStatistic("memory: vCPU states and soft TLBs", $"{_vcpus.Count * VcpuState.Size >> 10} KiB"), .. sum.Describe(), .. direct.Describe()];
        }
    }

    public void Dispose()
    {
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

    /// <summary>The host's TSC at the instant of the first save or restore since the vCPUs stopped, so that all TSCs stay in step.</summary>
    internal ulong FrozenTimestamp()
    {
        lock (_lock)
        {
            if (_frozenTimestamp == 0)
                _frozenTimestamp = HostTimestampCounter.Read();
            return _frozenTimestamp;
        }
    }

    /// <summary>A vCPU runs again.</summary>
    internal void Thaw() => Volatile.Write(ref _frozenTimestamp, 0);

    internal void AskOthersToStepAside()
    {
        lock (_lock)
        {
            foreach (SoftwareVcpu vcpu in _vcpus)
                vcpu.AskToStepAside();
        }
    }
}
