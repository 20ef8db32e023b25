using System.Runtime.InteropServices;

namespace Hearth.Linux.Interop;

/// <summary>The system calls behind <see cref="ThreadParker"/>, by their native names (x86-64 numbers).</summary>
internal static unsafe partial class LibcWaiting
{
    internal const nint SYS_futex = 202;
    internal const int FUTEX_WAIT_PRIVATE = 128;
    internal const int FUTEX_WAKE_PRIVATE = 129;
    internal const int PR_SET_TIMERSLACK = 29;

    [LibraryImport("libc")]
    internal static partial nint syscall(nint number, int* address, nint operation, nint value, Timespec* timeout);

    [LibraryImport("libc")]
    internal static partial int prctl(int option, nuint argument);

    /// <summary><c>struct timespec</c>; the compiler keeps lower-case type names for itself.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Timespec
    {
        internal long tv_sec;
        internal long tv_nsec;
    }
}
