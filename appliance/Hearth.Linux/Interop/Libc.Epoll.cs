using System.Runtime.InteropServices;

namespace Hearth.Linux.Interop;

/// <content>epoll(7).</content>
internal static unsafe partial class Libc
{
    internal const int EPOLL_CLOEXEC = 0x80000;
    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;
    internal const int EPOLL_CTL_MOD = 3;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_ctl(int epoll, int operation, int fd, PollResult* wanted);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_wait(int epoll, PollResult* results, int count, int timeout);
}
