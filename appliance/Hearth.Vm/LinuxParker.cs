using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Vm;

/// <summary>Waits in the kernel, to the microsecond, for a time or for another thread.</summary>
internal sealed class LinuxParker : IParker, IDisposable
{
    // Timers are short and a guest's sense of time depends on them: on a busy host they go before vCPUs.
    private const int Urgent = -10;

    private readonly EventDescriptor _event = new();

    // 1 while somebody has asked for a wake-up: most calls of Unpark and many of Park then need no system call.
    private int _isUnparked;
    private bool _isPrecise;

    public void Park(long nanoseconds)
    {
        if (!_isPrecise)
        {
            CurrentThread.UsePreciseTimers();
            CurrentThread.TrySetNice(Urgent);
            _isPrecise = true;
        }

        if (Volatile.Read(ref _isUnparked) == 0)
            _event.Wait(nanoseconds);
        if (Interlocked.Exchange(ref _isUnparked, 0) != 0)
            _event.TryTake();
    }

    public void Unpark()
    {
        if (Interlocked.Exchange(ref _isUnparked, 1) == 0)
            _event.Signal();
    }

    public void Dispose() => _event.Dispose();
}
