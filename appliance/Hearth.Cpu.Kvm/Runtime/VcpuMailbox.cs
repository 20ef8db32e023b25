using Hearth.Cpu.Kvm.Interop;
using Hearth.Linux;

namespace Hearth.Cpu.Kvm;

/// <summary>Carries requests to a vCPU's thread, and gets it out of guest code for them.</summary>
/// <remarks>
/// A request is noted, then kvm_run.immediate_exit is set, then the thread is woken if it is inside KVM_RUN. The thread says that it is inside
/// before it enters; the kernel looks at immediate_exit after that. So whatever the order, either the signal or the flag is seen. The lock is for
/// the end alone: a device may send while the vCPU is disposed of.
/// </remarks>
internal sealed unsafe class VcpuMailbox(kvm_run* shared) : IDisposable
{
    // SAFETY: `shared` is mapped until after Dispose.
    private readonly Lock _lock = new();
    private bool _disposed;
    private int _requests;
    private int _thread;

    // 1 while the thread may be inside KVM_RUN.
    private int _isInside;

    /// <summary>The calling thread will run the vCPU.</summary>
    public void Attach() => _thread = ThreadWaker.RegisterCurrent();

    /// <summary>From any thread.</summary>
    public void Post(VcpuRequests request)
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            Interlocked.Or(ref _requests, (int)request);
            Volatile.Write(ref shared->immediate_exit, 1);
            Interlocked.MemoryBarrier();
            if (Volatile.Read(ref _isInside) != 0)
                ThreadWaker.Wake(Volatile.Read(ref _thread));
        }
    }

    /// <summary>Takes all requests.</summary>
    public VcpuRequests Take()
    {
        // As a rule there is nothing. The flag may be left from a request that was taken before its sender set it: then it has to go.
        if (Volatile.Read(ref shared->immediate_exit) == 0 && Volatile.Read(ref _requests) == 0)
            return VcpuRequests.None;

        // Before the requests are taken: one that comes later sets it again.
        Volatile.Write(ref shared->immediate_exit, 0);
        return (VcpuRequests)Interlocked.Exchange(ref _requests, 0);
    }

    /// <summary>Makes the next entry end at once if a request came while immediate_exit was used for something else.</summary>
    public void Repeat()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _requests) != 0)
            Volatile.Write(ref shared->immediate_exit, 1);
    }

    public void Enter() => Interlocked.Exchange(ref _isInside, 1);

    public void Leave() => Volatile.Write(ref _isInside, 0);

    /// <summary>From when this returns, nothing touches what is shared with the kernel.</summary>
    public void Dispose()
    {
        lock (_lock)
            _disposed = true;
    }
}
