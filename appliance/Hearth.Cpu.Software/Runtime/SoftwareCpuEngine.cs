using System.Collections.Concurrent;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>
/// Runs guests without hardware virtualization: same-ISA binary translation. See docs/software-engine.md.
/// </summary>
public sealed class SoftwareCpuEngine : ICpuEngine
{
    private readonly ConcurrentDictionary<ModeFlags, int> _modes = new();
    private readonly List<SoftwareVcpu> _vcpus = [];
    private readonly Lock _lock = new();

    /// <param name="options">CPU model, TSC frequency, size of the code cache.</param>
    /// <exception cref="Hearth.Machine.MachineException">This host cannot run the model.</exception>
    public SoftwareCpuEngine(GuestRam ram, SoftwareEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(ram);
        ArgumentNullException.ThrowIfNull(options);
        Ram = ram;
        Options = options;
        Store = new TranslationStore(ram, new InstructionClassifier(ModelInstructions.Of(options.Model)), (nuint)options.CodeCacheLength);
    }

    public string Name => "software";

    internal GuestRam Ram { get; }

    internal SoftwareEngineOptions Options { get; }

    internal TranslationStore Store { get; }

    internal ExclusiveGate Gate { get; } = new();

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

    public void Dispose()
    {
        Store.Dispose();
        lock (_lock)
        {
            foreach (SoftwareVcpu vcpu in _vcpus)
                vcpu.Dispose();
        }
    }

    /// <summary>A dense number for a mode, below 65536.</summary>
    internal int NumberOf(ModeFlags mode) => _modes.GetOrAdd(mode, _ => _modes.Count + 1);

    internal void AskOthersToStepAside()
    {
        lock (_lock)
        {
            foreach (SoftwareVcpu vcpu in _vcpus)
                vcpu.AskToStepAside();
        }
    }
}
