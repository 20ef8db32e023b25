using Hearth.Cpu;
using Hearth.Machine;

namespace Hearth.Vm.Tests.Running;

/// <summary>An engine of <see cref="ScriptedVcpu"/>s.</summary>
internal sealed class ScriptedEngine : ICpuEngine
{
    public List<ScriptedVcpu> Vcpus { get; } = [];

    public long SkippedTime { get; private set; }

    public string Name => "scripted";

    public IEngineApics? Apics => null;

    public IVcpu CreateVcpu(int index)
    {
        var vcpu = new ScriptedVcpu(index);
        Vcpus.Add(vcpu);
        return vcpu;
    }

    public void SkipTime(long nanoseconds) => SkippedTime += nanoseconds;

    public IDirtyTracker TrackWrites() => throw new NotSupportedException();

    public IReadOnlyList<EngineStatistic> Statistics() => [];

    public void Dispose()
    {
        foreach (ScriptedVcpu vcpu in Vcpus)
            vcpu.Dispose();
    }
}
