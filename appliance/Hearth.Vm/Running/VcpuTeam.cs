using Hearth.Cpu;
using Hearth.Linux;

namespace Hearth.Vm.Running;

/// <summary>The threads that run a machine's vCPUs, one each, and the gate they all pass before they run guest code.</summary>
/// <remarks>
/// <code>
/// parked ── Resume ──► running ── Hold (any thread) ──► stopping ── last thread at the gate ──► parked
///    └── Dispose ──► ended
/// </code>
/// A vCPU whose <see cref="IVcpu.Run"/> ends by itself holds the whole team before it reports: nobody runs on past it.
/// </remarks>
internal sealed class VcpuTeam : IDisposable
{
    private readonly object _gate = new();
    private readonly IReadOnlyList<Processor> _processors;
    private readonly MachineEvents _events;
    private readonly List<Thread> _threads = [];

    // Under _gate.
    private bool _isHeld = true;
    private int _running;
    private bool _isEnded;

    public VcpuTeam(IReadOnlyList<Processor> processors, MachineEvents events)
    {
        _processors = processors;
        _events = events;
    }

    /// <summary>Lets the vCPUs run; starts their threads at the first call.</summary>
    public void Resume()
    {
        lock (_gate)
        {
            _isHeld = false;
            Monitor.PulseAll(_gate);
            if (_threads.Count == 0)
                StartThreads();
        }
    }

    /// <summary>Makes every vCPU come to the gate soon, without waiting for it. From any thread, vCPU threads included.</summary>
    public void Hold()
    {
        lock (_gate)
            _isHeld = true;
        foreach (Processor processor in _processors)
            processor.Vcpu.Kick();
    }

    /// <summary>Holds the vCPUs and waits until none runs. Signals between vCPUs that were still under way have arrived then.</summary>
    public void Pause()
    {
        Hold();
        lock (_gate)
        {
            while (_running > 0)
                Monitor.Wait(_gate);
        }

        Settle();
    }

    public void Dispose()
    {
        Hold();
        lock (_gate)
        {
            _isEnded = true;
            Monitor.PulseAll(_gate);
        }

        foreach (Thread thread in _threads)
            thread.Join();
    }

    /// <summary>
    /// An INIT, SIPI or NMI that one vCPU sent after its target had stopped still waits at the target, where no saved state
    /// would have it. A vCPU that is kicked takes what waits and returns before its next instruction.
    /// </summary>
    private void Settle()
    {
        foreach (Processor processor in _processors)
        {
            processor.Vcpu.Kick();
            _ = processor.Run();
        }
    }

    private void StartThreads()
    {
        foreach (Processor processor in _processors)
        {
            var thread = new Thread(() => RunThread(processor)) { Name = processor.Name, IsBackground = true };
            _threads.Add(thread);
            thread.Start();
        }
    }

    private void RunThread(Processor processor)
    {
        while (TryPassGate())
        {
            VcpuExit exit = RunGuarded(processor);
            if (exit.Reason != VcpuExitReason.Kicked)
                _events.PostHeld(new MachineEvent(MachineEventKind.VcpuStopped, (uint)processor.Index, exit));
            Park();
        }
    }

    /// <summary>The root of a thread: what escapes the engine ends the guest with a report, not the process without one.</summary>
    private static VcpuExit RunGuarded(Processor processor)
    {
        try
        {
            return processor.Run();
        }
        catch (LinuxException error)
        {
            return new VcpuExit(VcpuExitReason.HostFault, error.Message);
        }
#pragma warning disable CA1031 // A thread's root: every failure is reported.
        catch (Exception error)
        {
            return new VcpuExit(VcpuExitReason.HostFault, $"the engine failed: {error}");
        }
#pragma warning restore CA1031
    }

    /// <returns>False when the thread is to end.</returns>
    private bool TryPassGate()
    {
        lock (_gate)
        {
            while (_isHeld && !_isEnded)
                Monitor.Wait(_gate);
            if (_isEnded)
                return false;
            _running++;
            return true;
        }
    }

    private void Park()
    {
        lock (_gate)
        {
            _running--;
            Monitor.PulseAll(_gate);
        }
    }
}
