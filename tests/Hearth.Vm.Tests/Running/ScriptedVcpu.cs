using Hearth.Cpu;
using Hearth.Machine;

namespace Hearth.Vm.Tests.Running;

/// <summary>A vCPU whose guest is a piece of C#: each Run executes it, then waits for a kick unless it ended by itself.</summary>
internal sealed class ScriptedVcpu : IBareVcpu, ITimestampCounter
{
    private readonly AutoResetEvent _kicked = new(false);
    private CpuState _state = new();
    private int _runs;
    private int _running;

    public ScriptedVcpu(int index) => _state.Activity = index == 0 ? VcpuActivity.Running : VcpuActivity.WaitForSipi;

    /// <summary>The guest's code; null to wait for the kick, anything else ends the run.</summary>
    public Func<IVcpuBus, VcpuExit?> Guest { get; set; } = _ => null;

    public int Runs => Volatile.Read(ref _runs);

    public bool IsRunning => Volatile.Read(ref _running) != 0;

    public int Resets { get; private set; }

    public CpuState State => _state;

    public ITimestampCounter TimestampCounter => this;

    public ulong Frequency => 1_000_000_000;

    public ulong Now => 0;

    public void Connect(ILocalApic apic)
    {
    }

    public VcpuExit Run(IVcpuBus bus)
    {
        Volatile.Write(ref _running, 1);
        Interlocked.Increment(ref _runs);
        VcpuExit? exit = _kicked.WaitOne(0) ? new VcpuExit(VcpuExitReason.Kicked) : Guest(bus);
        if (exit is null)
            _kicked.WaitOne();
        Volatile.Write(ref _running, 0);
        return exit ?? new VcpuExit(VcpuExitReason.Kicked);
    }

    public void Kick() => _kicked.Set();

    public void Reset() => Resets++;

    public CpuState Save() => _state;

    public void Restore(CpuState state) => _state = state;

    public void InterruptChanged()
    {
    }

    public void NonMaskableInterrupt()
    {
    }

    public void Init()
    {
    }

    public void StartUp(byte vector)
    {
    }

    public void Dispose() => _kicked.Dispose();
}
