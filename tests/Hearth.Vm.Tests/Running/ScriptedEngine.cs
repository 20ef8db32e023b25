using Hearth.Cpu;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Vm.Tests.Running;

/// <summary>An engine of <see cref="ScriptedVcpu"/>s.</summary>
internal sealed class ScriptedEngine : ICpuEngine
{
    public List<ScriptedVcpu> Vcpus { get; } = [];

    public bool IsTimeStopped { get; private set; } = true;

    public string Name => "scripted";

    public bool AsksBeforeWrites { get; set; } = true;

    public IEngineApics? Apics => null;

    public IVcpu CreateVcpu(int index)
    {
        var vcpu = new ScriptedVcpu(index);
        Vcpus.Add(vcpu);
        return vcpu;
    }

    public void StopTime() => IsTimeStopped = true;

    public void StartTime() => IsTimeStopped = false;

    public TimeSpan Advanced { get; private set; }

    public void AdvanceTime(TimeSpan by) => Advanced += by;

    /// <summary>The guest's RAM; its code here writes as devices do.</summary>
    public GuestRam? Ram { get; set; }

    public IDirtyTracker TrackWrites() => new Tracker(Ram!);

    public IReadOnlyList<EngineStatistic> Statistics() => [];

    public void Dispose()
    {
        foreach (ScriptedVcpu vcpu in Vcpus)
            vcpu.Dispose();
    }

    private sealed class Tracker : IDirtyTracker
    {
        private readonly GuestRam _ram;

        public Tracker(GuestRam ram)
        {
            _ram = ram;
            ram.TakeDirty(ram.NewPageSet());
        }

        public void Collect(PageSet into) => _ram.TakeDirty(into);

        public void Dispose()
        {
        }
    }
}
