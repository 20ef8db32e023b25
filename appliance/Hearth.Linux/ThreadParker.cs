using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>
/// Lets one thread sleep for nanoseconds, as exactly as the kernel's high-resolution timers wake it, and lets any other
/// thread wake it (futex(2)).
/// </summary>
public sealed unsafe class ThreadParker : IDisposable
{
    private const int Empty = 0;
    private const int Token = 1;
    private const int Parked = -1;
    private const long NanosecondsPerSecond = 1_000_000_000;

    // Outside the managed heap, because the kernel is given its address. Freed on dispose.
    private int* _state;

    // The timer slack belongs to the thread that parks; 50 µs by default.
    private bool _isSlackSet;

    public ThreadParker() => _state = (int*)NativeMemory.AllocZeroed(sizeof(int));

    /// <summary>Sleeps; one thread only. May end early for no reason, and at once when <see cref="Unpark"/> was called before.</summary>
    /// <param name="nanoseconds">At most this long; <see cref="long.MaxValue"/> for no limit.</param>
    public void Park(long nanoseconds)
    {
        if (!_isSlackSet)
        {
            _isSlackSet = true;
            _ = LibcWaiting.prctl(LibcWaiting.PR_SET_TIMERSLACK, 1);
        }

        // SAFETY: _state is valid until Dispose, which the owner calls after the parking thread has ended.
        if (Interlocked.CompareExchange(ref *_state, Parked, Empty) == Empty && nanoseconds > 0)
        {
            var timeout = new LibcWaiting.Timespec
            {
                tv_sec = nanoseconds / NanosecondsPerSecond,
                tv_nsec = nanoseconds % NanosecondsPerSecond,
            };
            LibcWaiting.Timespec* limit = nanoseconds == long.MaxValue ? null : &timeout;
            _ = LibcWaiting.syscall(LibcWaiting.SYS_futex, _state, LibcWaiting.FUTEX_WAIT_PRIVATE, Parked, limit);
        }

        // A full fence: what the caller looks at next must not be read before the token is given up.
        Interlocked.Exchange(ref *_state, Empty);
    }

    /// <summary>Ends the current <see cref="Park"/> or the next. From any thread; a system call only when the thread sleeps.</summary>
    public void Unpark()
    {
        // SAFETY: as in Park.
        if (Interlocked.Exchange(ref *_state, Token) == Parked)
            _ = LibcWaiting.syscall(LibcWaiting.SYS_futex, _state, LibcWaiting.FUTEX_WAKE_PRIVATE, 1, null);
    }

    public void Dispose()
    {
        NativeMemory.Free(_state);
        _state = null;
    }
}
