using System.Runtime.InteropServices;

namespace Hearth.Linux.Interop;

/// <content>Confinement (namespaces(7), seccomp(2), landlock(7)) and handles of processes (pidfd_open(2)).</content>
internal static unsafe partial class Libc
{
    internal const int CLONE_VM = 0x100;
    internal const int CLONE_FS = 0x200;
    internal const int CLONE_FILES = 0x400;
    internal const int CLONE_SIGHAND = 0x800;
    internal const int CLONE_VFORK = 0x4000;
    internal const int CLONE_PARENT = 0x8000;
    internal const int CLONE_THREAD = 0x10000;
    internal const int CLONE_NEWNS = 0x20000;
    internal const int CLONE_SYSVSEM = 0x40000;
    internal const int CLONE_SETTLS = 0x80000;
    internal const int CLONE_PARENT_SETTID = 0x100000;
    internal const int CLONE_CHILD_CLEARTID = 0x200000;
    internal const int CLONE_DETACHED = 0x400000;
    internal const int CLONE_NEWCGROUP = 0x2000000;
    internal const int CLONE_NEWUTS = 0x4000000;
    internal const int CLONE_NEWIPC = 0x8000000;
    internal const int CLONE_NEWUSER = 0x10000000;
    internal const int CLONE_NEWPID = 0x20000000;
    internal const int CLONE_NEWNET = 0x40000000;
    internal const int SIGCHLD = 17;

    internal const int MS_RDONLY = 1;
    internal const int MS_NOSUID = 2;
    internal const int MS_NODEV = 4;
    internal const int MS_NOEXEC = 8;
    internal const int MS_REMOUNT = 32;
    internal const int MS_BIND = 4096;
    internal const int MS_REC = 16384;
    internal const int MS_PRIVATE = 1 << 18;
    internal const int MNT_DETACH = 2;

    internal const int PR_SET_PDEATHSIG = 1;
    internal const int PR_SET_DUMPABLE = 4;
    internal const int PR_SET_NAME = 15;
    internal const int PR_CAPBSET_DROP = 24;
    internal const int PR_SET_TSC = 26;
    internal const int PR_SET_SECCOMP = 22;
    internal const int PR_SET_SECUREBITS = 28;
    internal const int PR_SET_NO_NEW_PRIVS = 38;
    internal const int PR_CAP_AMBIENT = 47;
    internal const int PR_CAP_AMBIENT_CLEAR_ALL = 4;
    internal const int PR_SET_VMA = 0x53564D41;
    internal const uint LINUX_CAPABILITY_VERSION_3 = 0x2008_0522;

    internal const int RLIMIT_CORE = 4;
    internal const int RLIMIT_NPROC = 6;
    internal const int RLIMIT_NOFILE = 7;
    internal const int FD_CLOEXEC = 1;
    internal const uint MFD_EXEC = 0x10;

    internal const int SECCOMP_SET_MODE_FILTER = 1;
    internal const int SECCOMP_FILTER_FLAG_TSYNC = 1;
    internal const uint SECCOMP_RET_KILL_PROCESS = 0x8000_0000;
    internal const uint SECCOMP_RET_ERRNO = 0x0005_0000;
    internal const uint SECCOMP_RET_ALLOW = 0x7FFF_0000;
    internal const uint AUDIT_ARCH_X86_64 = 0xC000_003E;
    internal const uint X32_SYSCALL_BIT = 0x4000_0000;

    internal const int LANDLOCK_CREATE_RULESET_VERSION = 1;

    internal const int SOCK_SEQPACKET = 5;
    internal const int P_PIDFD = 3;
    internal const int WNOHANG = 1;
    internal const int WEXITED = 4;
    internal const int CLD_EXITED = 1;
    internal const int CLD_KILLED = 2;
    internal const int CLD_DUMPED = 3;
    internal const int ESRCH = 3;
    internal const int ENOSYS = 38;
    internal const int EBUSY = 16;
    internal const int ENOENT = 2;

    /// <summary>sizeof(siginfo_t).</summary>
    internal const int SignalInfoLength = 128;

    internal const short POSIX_SPAWN_SETSIGDEF = 4;
    internal const short POSIX_SPAWN_SETSIGMASK = 8;

    /// <summary>struct sock_fprog (linux/filter.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct FilterProgram
    {
        public ushort len;
        public ulong* filter;
    }

    [LibraryImport("libc")]
    internal static partial uint getegid();

    /// <summary>A system call that the C library has no function for.</summary>
    [LibraryImport("libc", SetLastError = true)]
    internal static partial long syscall(long number, nint argument1, nint argument2, nint argument3, nint argument4, nint argument5);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int pipe2(int* pair, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitid(int kind, uint id, int* signalInfo, int options);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_init(void* attributes);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_destroy(void* attributes);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setflags(void* attributes, short flags);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setsigdefault(void* attributes, void* signals);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setsigmask(void* attributes, void* signals);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int rmdir(string path);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int mkdir(string path, uint mode);
}
