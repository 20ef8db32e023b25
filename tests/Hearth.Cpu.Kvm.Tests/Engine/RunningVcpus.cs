namespace Hearth.Cpu.Kvm.Tests.Engine;

/// <summary>The vCPUs of a machine at work, on a thread each, until this is disposed of.</summary>
internal sealed class RunningVcpus : IDisposable
{
    private readonly EngineMachine _machine;
    private readonly Thread[] _threads;
    private readonly VcpuExit[] _exits;

    public RunningVcpus(EngineMachine machine)
    {
        _machine = machine;
        _exits = new VcpuExit[machine.Vcpus.Length];
        _threads = [.. Enumerable.Range(0, machine.Vcpus.Length).Select(index => new Thread(() =>
            _exits[index] = machine.Vcpus[index].Run(machine.Buses[index])) { IsBackground = true })];
        foreach (Thread thread in _threads)
            thread.Start();
    }

    public void Dispose()
    {
        foreach (IVcpu vcpu in _machine.Vcpus)
            vcpu.Kick();
        foreach (Thread thread in _threads)
            Assert.True(thread.Join(TimeSpan.FromSeconds(60)), "a vCPU does not stop");
        Assert.All(_exits, exit => Assert.Equal(new VcpuExit(VcpuExitReason.Kicked), exit));
    }
}
