using System.Diagnostics;
using Hearth.Linux;

namespace Hearth.Cpu.Software;

/// <summary>Takes requests from other threads to a vCPU: makes it leave generated code, or wakes it from HLT.</summary>
/// <remarks>
/// A sender sets the request, then the kick word, then looks whether the vCPU sleeps. The vCPU clears the kick word, then
/// takes the requests; before it sleeps it says so, then looks at the requests once more. Each of these is a full barrier,
/// so no request is missed. The lock is for the end alone: a timer or a device may send while the vCPU is disposed of.
/// </remarks>
internal sealed unsafe class VcpuMailbox(VcpuState* state) : IDisposable
{
    private readonly AutoResetEvent _wake = new(false);
    private readonly HaltPolling _polling = new();
    private readonly Lock _lock = new();
    private bool _disposed;
    private int _requests;
    private int _sleeping;

    /// <summary>The process that user code runs in, or 0; under the lock.</summary>
    private int _process;

    public void Post(VcpuRequests request)
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            Interlocked.Or(ref _requests, (int)request);
            Interlocked.Exchange(ref state->Kick, 1);
            if (_process != 0)
                TracedProcess.Interrupt(_process);
            if (Volatile.Read(ref _sleeping) != 0)
                _wake.Set();
        }
    }

    /// <summary>Takes all requests. On the vCPU's thread.</summary>
    public VcpuRequests Take()
    {
        Interlocked.Exchange(ref state->Kick, 0);
        return (VcpuRequests)Interlocked.Exchange(ref _requests, 0);
    }

    /// <summary>Takes some requests and leaves the others. While the vCPU does not run.</summary>
    public VcpuRequests Take(VcpuRequests wanted) => (VcpuRequests)Interlocked.And(ref _requests, ~(int)wanted) & wanted;

    /// <summary>Waits until there is a request, awake at first where that pays. On the vCPU's thread.</summary>
    public void Wait()
    {
        if (_polling.TryWait(ref _requests))
            return;
        long asleep = Stopwatch.GetTimestamp();
        Sleep();
        _polling.Slept(Stopwatch.GetTimestamp() - asleep);
    }

    private void Sleep()
    {
        Interlocked.Exchange(ref _sleeping, 1);
        while (Volatile.Read(ref _requests) == 0)
            _wake.WaitOne();
        Interlocked.Exchange(ref _sleeping, 0);
    }

    /// <summary>From here on whatever kicks the vCPU interrupts a process, too, which user code runs in.</summary>
    /// <returns>False when the vCPU was kicked already.</returns>
    public bool TryEnterProcess(int id)
    {
        lock (_lock)
        {
            _process = id;
            return state->Kick == 0;
        }
    }

    /// <summary>The process has stopped. Nobody interrupts it any more.</summary>
    public void LeaveProcess()
    {
        lock (_lock)
            _process = 0;
    }

    /// <summary>Interrupts the process that user code runs in, if any.</summary>
    public void InterruptProcess()
    {
        lock (_lock)
        {
            if (_process != 0)
                TracedProcess.Interrupt(_process);
        }
    }

    /// <summary>From when this returns, nothing touches the vCPU's memory.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _wake.Dispose();
        }
    }
}
