namespace Hearth.Cpu.Software;

/// <summary>Lets one vCPU run alone: to drop the code cache, or for a LOCK across a page. Or none, while another thread changes what belongs to them.</summary>
/// <remarks>
/// That thread enters as a vCPU does, acquires, releases and leaves.
/// A vCPU is inside from the first to the last instruction of <see cref="SoftwareVcpu.Run"/>, except while it halts. It
/// steps aside only between instructions, when a kick has brought it there.
/// </remarks>
internal sealed class ExclusiveGate
{
    private readonly object _lock = new();
    private int _inside;
    private bool _owned;

    public void Enter()
    {
        lock (_lock)
        {
            while (_owned)
                Monitor.Wait(_lock);
            _inside++;
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            _inside--;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Waits until every other vCPU has left; the caller is inside and stays so.</summary>
    /// <param name="kickOthers">Makes the others come to <see cref="StepAside"/>.</param>
    public void Acquire(Action kickOthers)
    {
        lock (_lock)
        {
            _inside--;
            Monitor.PulseAll(_lock);
            while (_owned)
                Monitor.Wait(_lock);
            _owned = true;
            kickOthers();
            while (_inside > 0)
                Monitor.Wait(_lock);
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            _owned = false;
            _inside++;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Called between instructions after a kick: waits while another vCPU runs alone.</summary>
    public void StepAside()
    {
        if (!Volatile.Read(ref _owned))
            return;
        Leave();
        Enter();
    }
}
