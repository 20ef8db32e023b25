using System.Diagnostics;
using Hearth.Linux;

namespace Hearth.Cpu.Software;

/// <summary>
/// Keeps a vCPU's thread and the processes for its user code on one processor of the host. Only one of them runs at a time, and to wake one
/// on another, idle processor takes the host twenty times as long as to change over on the same.
/// </summary>
/// <remarks>
/// The host's scheduler cannot move what is bound. So the processor is whichever the scheduler had put the thread on, only for a while at a time,
/// and it is given up at once when others want it, too.
/// </remarks>
internal sealed class DirectProcessor
{
    private static readonly long s_term = Stopwatch.Frequency / 20;

    /// <summary>A run as long as this tells whether the process had the processor all the time.</summary>
    private static readonly long s_telling = Stopwatch.Frequency / 500;

    private ProcessorSet _all;
    private bool _hasAll;
    private bool _isBound;
    private long _until;
    private TimeSpan _used;
    private int _usedBy;

    /// <summary>The processor; -1 when none is bound.</summary>
    public int Number { get; private set; } = -1;

    /// <summary>Binds the calling thread to the processor it is on.</summary>
    public void Take()
    {
        CheckTerm();
        if (_isBound)
            return;
        _hasAll = _hasAll || CurrentThread.TryGetProcessors(out _all);
        int processor = CurrentThread.Processor;
        if (!_hasAll || processor < 0 || !CurrentThread.TrySetProcessors(ProcessorSet.Of(processor)))
            return;
        Number = processor;
        _isBound = true;
        _until = Stopwatch.GetTimestamp() + s_term;
    }

    /// <summary>Gives the processor up when it was bound long enough.</summary>
    public void CheckTerm()
    {
        if (_isBound && Stopwatch.GetTimestamp() >= _until)
            Release();
    }

    /// <summary>Lets the calling thread run on every processor again.</summary>
    public void Release()
    {
        if (!_isBound)
            return;
        _ = CurrentThread.TrySetProcessors(_all);
        _isBound = false;
    }

    /// <summary>False when a run took much longer than the process had a processor for.</summary>
    /// <param name="inside">How long the run took, in <see cref="Stopwatch"/> ticks.</param>
    public bool HasOneOfItsOwn(DirectProcess process, long inside)
    {
        if (inside < s_telling)
            return true;
        TimeSpan before = _used;
        bool isKnown = _usedBy == process.Id;
        (_used, _usedBy) = (process.ProcessorTime, process.Id);

        // What earlier, shorter runs used counts as used now: it errs on the side of staying.
        return !isKnown || (_used - before).Ticks > Stopwatch.GetElapsedTime(0, inside).Ticks * 3 / 4;
    }
}
