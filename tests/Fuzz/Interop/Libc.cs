using System.Runtime.InteropServices;

namespace Hearth.Fuzz.Interop;

/// <summary>What tracing a child needs of the C library, by its native names (ptrace(2), wait(2), sched_setaffinity(2)).</summary>
internal static unsafe partial class Libc
{
    internal const int PTRACE_GETREGS = 12;
    internal const int PTRACE_SETREGS = 13;
    internal const int PTRACE_SINGLESTEP = 9;
    internal const int PTRACE_SYSEMU = 31;
    internal const int PTRACE_CONT = 7;
    internal const int PTRACE_SETOPTIONS = 0x4200;
    internal const int PTRACE_GETSIGINFO = 0x4202;
    internal const int PTRACE_GETREGSET = 0x4204;
    internal const int PTRACE_SETREGSET = 0x4205;
    internal const int PTRACE_GET_RSEQ_CONFIGURATION = 0x420F;
    internal const int PTRACE_O_TRACESYSGOOD = 1;
    internal const int PTRACE_O_EXITKILL = 0x100000;
    internal const int NT_X86_XSTATE = 0x202;

    internal const int SIGILL = 4;
    internal const int SIGTRAP = 5;
    internal const int SIGBUS = 7;
    internal const int SIGFPE = 8;
    internal const int SIGKILL = 9;
    internal const int SIGSEGV = 11;
    internal const int SIGALRM = 14;
    internal const int SI_KERNEL = 0x80;

    internal const int __WALL = 0x40000000;

    internal const int PROT_READ = 1;
    internal const int PROT_WRITE = 2;
    internal const int PROT_EXEC = 4;
    internal const int MAP_SHARED = 1;
    internal const int MAP_FIXED = 0x10;
    internal const int MAP_POPULATE = 0x8000;

    internal const int SYS_mmap = 9;
    internal const int SYS_munmap = 11;
    internal const int SYS_rt_sigaction = 13;
    internal const int SYS_rt_sigprocmask = 14;
    internal const int SYS_clone = 56;
    internal const int SYS_ptrace = 101;
    internal const int SYS_sigaltstack = 131;
    internal const int SYS_modify_ldt = 154;
    internal const int SYS_prctl = 157;
    internal const int SYS_exit_group = 231;
    internal const int SYS_rseq = 334;
    internal const int SYS_close_range = 436;
    internal const int RSEQ_FLAG_UNREGISTER = 1;
    internal const int PR_SET_PDEATHSIG = 1;

    internal const ulong SA_SIGINFO = 4;
    internal const ulong SA_RESTORER = 0x04000000;
    internal const ulong SA_ONSTACK = 0x08000000;
    internal const ulong SA_NODEFER = 0x40000000;
    internal const int SIG_SETMASK = 2;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial long ptrace(int request, int pid, nint address, void* data);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sched_setaffinity(int pid, nuint length, ulong* mask);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sched_getaffinity(int pid, nuint length, ulong* mask);

    [LibraryImport("libc")]
    internal static partial int sched_getcpu();
}
