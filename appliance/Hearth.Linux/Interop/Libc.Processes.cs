using System.Runtime.InteropServices;

namespace Hearth.Linux.Interop;

/// <summary>Processes, signals, sockets between them (execve(2), posix_spawn(3), socketpair(2), unix(7)).</summary>
internal static unsafe partial class Libc
{
    internal const int AF_UNIX = 1;
    internal const int SOCK_STREAM = 1;

    /// <summary>The length of sockaddr_un: the family, and a path with its terminating zero.</summary>
    internal const int UnixAddressLength = 110;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int PR_SET_TIMERSLACK = 29;
    internal const int PRIO_PROCESS = 0;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int execve(byte* path, byte** arguments, byte** environment);

    /// <returns>An error number; errno is not set.</returns>
    [LibraryImport("libc")]
    internal static partial int posix_spawn(int* pid, byte* path, void* fileActions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_init(void* actions);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_destroy(void* actions);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_adddup2(void* actions, int fd, int newFd);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn_file_actions_addopen(void* actions, int fd, string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int connect(int socket, byte* address, uint length);

    internal const int EADDRINUSE = 98;
    internal const int ECONNREFUSED = 111;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int bind(int socket, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int listen(int socket, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socketpair(int domain, int type, int protocol, int* pair);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint signal(int number, nint handler);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int pid, int number);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getpid();

    [LibraryImport("libc")]
    internal static partial int gettid();

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int tgkill(int pid, int tid, int number);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    /// <param name="who">0 for the calling thread: to Linux each thread has a priority of its own.</param>
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setpriority(int which, int who, int priority);

    internal const int SCHED_OTHER = 0;
    internal const int SCHED_RR = 2;

    /// <param name="pid">0 for the calling thread: it is of one thread.</param>
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sched_setscheduler(int pid, int policy, sched_param* parameter);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sched_getscheduler(int pid);

    internal struct sched_param
    {
        public int Priority;
    }

    internal const short POSIX_SPAWN_SETSCHEDULER = 0x20;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getsid(int pid);

    [LibraryImport("libc")]
    internal static partial int sched_getcpu();

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint getrandom(byte* buffer, nuint length, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sched_getaffinity(int pid, nuint length, void* set);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sched_setaffinity(int pid, nuint length, void* set);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int clock_gettime(int clock, long* time);

    /// <summary>An array of C strings that ends with a null pointer; lives until the process does or execs.</summary>
    internal static byte** CStrings(IReadOnlyCollection<string> strings)
    {
        var array = (byte**)NativeMemory.AllocZeroed((nuint)strings.Count + 1, (nuint)sizeof(byte*));
        int index = 0;
        foreach (string text in strings)
            array[index++] = CString(text);
        return array;
    }

    /// <summary>A C string in native memory.</summary>
    internal static byte* CString(string text) => (byte*)Marshal.StringToCoTaskMemUTF8(text);

    /// <summary>Frees what <see cref="CStrings"/> made.</summary>
    internal static void Free(byte** strings)
    {
        for (byte** at = strings; *at is not null; at++)
            Marshal.FreeCoTaskMem((nint)(*at));
        NativeMemory.Free(strings);
    }
}
