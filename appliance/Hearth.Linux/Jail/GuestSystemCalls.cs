using Hearth.Linux.Interop;
using Call = Hearth.Linux.Interop.SystemCallNumber;

namespace Hearth.Linux.Jail;

/// <summary>
/// The system calls that a guest's process needs once it is sealed, with either engine, compiled beforehand or by the JIT;
/// <c>docs/jail.md</c> has the reason for each. None of them opens a path, makes a socket, or reaches a process that is not its own.
/// </summary>
public static class GuestSystemCalls
{
    /// <summary>The flags of pthread_create(3): a thread of this process, and no new namespace, parent or process.</summary>
    private const uint ThreadFlags = Libc.CLONE_VM | Libc.CLONE_FS | Libc.CLONE_FILES | Libc.CLONE_SIGHAND | Libc.CLONE_THREAD | Libc.CLONE_SYSVSEM
        | Libc.CLONE_SETTLS | Libc.CLONE_PARENT_SETTID | Libc.CLONE_CHILD_CLEARTID;

    // Shares memory with its parent, which waits until it executes a program; no signal at its end (DirectLauncher).
    private const uint UserProcessFlags = Libc.CLONE_VM | Libc.CLONE_VFORK;

    /// <summary>To be made in the process that it is for: signals are restricted to that one.</summary>
    /// <param name="allowsUserProcesses">For the direct tier of the software engine, which runs user code of the guest in processes of its own.</param>
    public static SeccompFilter Filter(bool allowsUserProcesses)
    {
        var list = new SeccompFilterBuilder();
        AddControls(list);
        if (allowsUserProcesses)
            AddUserProcesses(list);
        AddProcess(list);
        AddDescriptors(list);
        AddMemoryAndTime(list);

        // The C library takes clone(2) then, whose flags can be looked at.
        list.Fail(Call.clone3, Libc.ENOSYS);
        return list.Build();
    }

    /// <summary>ioctl(2), with the engine's calls at the front: a vCPU makes one at every exit.</summary>
    private static void AddControls(SeccompFilterBuilder list)
    {
        const uint Kind = 0xFF00; // _IOC_TYPE
        const uint Kvm = 0xAE00;
        const uint UserFaults = 0xAA00;
        list.Allow(Call.ioctl, new ArgumentRule(1, Kind, Kvm));
        list.Allow(Call.ioctl, new ArgumentRule(1, Kind, UserFaults));

        // A terminal's mode and size, and how much there is to read; not TIOCSTI, which types for its user.
        foreach (uint request in (ReadOnlySpan<uint>)[0x5401 /* TCGETS */, 0x5402 /* TCSETS */, 0x5403 /* TCSETSW */, 0x5404 /* TCSETSF */, 0x5413 /* TIOCGWINSZ */, 0x541B /* FIONREAD */])
            list.Allow(Call.ioctl, ArgumentRule.IsInt(1, request));
    }

    /// <summary>What DirectLauncher, TracedProcess and DirectProcess do, and no other way to use the same calls.</summary>
    private static void AddUserProcesses(SeccompFilterBuilder list)
    {
        const uint EmptyPath = 0x1000; // AT_EMPTY_PATH: the program is a descriptor
        const uint SetCpuid = 0x1012; // ARCH_SET_CPUID
        const uint FilterMode = 2; // SECCOMP_MODE_FILTER
        const uint TraceMe = 0;
        foreach (uint request in (ReadOnlySpan<uint>)
            [
                Libc.PTRACE_SYSEMU, Libc.PTRACE_GETREGS, Libc.PTRACE_SETREGS, Libc.PTRACE_GETREGSET, Libc.PTRACE_SETREGSET, Libc.PTRACE_GETSIGINFO,
                Libc.PTRACE_CONT, Libc.PTRACE_SINGLESTEP, Libc.PTRACE_SETOPTIONS, TraceMe,
            ])
        {
            list.Allow(Call.ptrace, ArgumentRule.IsInt(0, request));
        }

        list.Allow(Call.clone, ArgumentRule.Is(0, UserProcessFlags));
        list.Allow(Call.execveat, ArgumentRule.IsInt(4, EmptyPath));
        list.Allow(Call.prctl, ArgumentRule.IsInt(0, Libc.PR_SET_PDEATHSIG));
        list.Allow(Call.prctl, ArgumentRule.IsInt(0, Libc.PR_SET_TSC));
        list.Allow(Call.prctl, ArgumentRule.IsInt(0, Libc.PR_SET_SECCOMP), ArgumentRule.Is(1, FilterMode));
        list.Allow(Call.arch_prctl, ArgumentRule.IsInt(0, SetCpuid));
        list.AllowAll(Call.wait4, Call.kill, Call.sched_setaffinity, Call.dup2, Call.close_range);
    }

    private static void AddProcess(SeccompFilterBuilder list)
    {
        const uint Other = 0; // SCHED_OTHER
        var self = (uint)Environment.ProcessId;
        list.Allow(Call.tgkill, ArgumentRule.IsInt(0, self));
        list.Allow(Call.kill, ArgumentRule.IsInt(0, self));
        list.Allow(Call.clone, ArgumentRule.Is(0, ThreadFlags));
        list.Allow(Call.clone, ArgumentRule.Is(0, ThreadFlags | Libc.CLONE_DETACHED));
        list.Allow(Call.prctl, ArgumentRule.IsInt(0, Libc.PR_SET_NAME));
        list.Allow(Call.prctl, ArgumentRule.IsInt(0, Libc.PR_SET_TIMERSLACK));
        list.Allow(Call.prctl, ArgumentRule.IsInt(0, Libc.PR_SET_VMA));
        list.Allow(Call.prctl, ArgumentRule.IsInt(0, Libc.PR_SET_NO_NEW_PRIVS));
        list.Allow(Call.prlimit64, ArgumentRule.IsInt(0, 0), ArgumentRule.Is(2, 0));
        list.Allow(Call.sched_setaffinity, ArgumentRule.IsInt(0, 0));
        list.Allow(Call.sched_setscheduler, ArgumentRule.IsInt(1, Other));
        list.Allow(Call.setpriority, ArgumentRule.IsInt(0, Libc.PRIO_PROCESS), ArgumentRule.IsInt(1, 0));
        list.AllowAll(
            Call.futex, Call.sched_yield, Call.rt_sigreturn, Call.rt_sigprocmask, Call.rt_sigaction, Call.sigaltstack, Call.restart_syscall,
            Call.set_robust_list, Call.rseq, Call.membarrier, Call.gettid, Call.getpid, Call.getppid, Call.getuid, Call.geteuid, Call.getgid, Call.getegid,
            Call.sched_getaffinity, Call.sched_getscheduler, Call.sched_getparam, Call.sched_get_priority_min,
            Call.sched_get_priority_max, Call.getcpu, Call.getrusage, Call.sysinfo, Call.uname, Call.exit, Call.exit_group);
    }

    private static void AddDescriptors(SeccompFilterBuilder list)
    {
        const uint EmptyPath = 0x1000; // AT_EMPTY_PATH: fstat of some C libraries
        const uint SocketLevel = 1; // SOL_SOCKET
        const uint SendTimeout = 21; // SO_SNDTIMEO
        const int GetDescriptorFlags = 1; // F_GETFD
        const int GetStatusFlags = 3; // F_GETFL
        const uint Direct = 0x4000; // O_DIRECT: packets
        foreach (int command in (ReadOnlySpan<int>)
            [
                Libc.F_DUPFD_CLOEXEC, GetDescriptorFlags, Libc.F_SETFD, GetStatusFlags, Libc.F_SETFL, Libc.F_OFD_SETLK, Libc.F_ADD_SEALS, Libc.F_GET_SEALS,
            ])
        {
            // Not F_SETOWN and F_SETSIG, which make the kernel send signals.
            list.Allow(Call.fcntl, ArgumentRule.IsInt(1, (uint)command));
        }

        list.Allow(Call.sendto, ArgumentRule.Is(4, 0));
        list.Allow(Call.getsockopt, ArgumentRule.IsInt(1, SocketLevel));
        list.Allow(Call.setsockopt, ArgumentRule.IsInt(1, SocketLevel), ArgumentRule.IsInt(2, SendTimeout));
        list.Allow(Call.pipe2, ArgumentRule.IsAmong(1, Libc.O_CLOEXEC | Libc.O_NONBLOCK | Direct));
        list.Allow(Call.newfstatat, ArgumentRule.IsInt(3, EmptyPath));
        list.AllowAll(
            Call.read, Call.write, Call.readv, Call.writev, Call.pread64, Call.pwrite64, Call.preadv, Call.pwritev, Call.preadv2, Call.pwritev2,
            Call.lseek, Call.fsync, Call.fdatasync, Call.ftruncate, Call.fallocate, Call.fadvise64, Call.fstat, Call.fstatfs, Call.close,
            Call.recvmsg, Call.sendmsg, Call.recvfrom, Call.accept4, Call.shutdown, Call.getsockname, Call.getpeername,
            Call.poll, Call.ppoll, Call.epoll_create1, Call.epoll_ctl, Call.epoll_wait, Call.epoll_pwait, Call.eventfd2,
            Call.timerfd_create, Call.timerfd_settime, Call.timerfd_gettime, Call.memfd_create);
    }

    private static void AddMemoryAndTime(SeccompFilterBuilder list) => list.AllowAll(
        Call.mmap, Call.munmap, Call.mprotect, Call.mremap, Call.madvise, Call.brk, Call.getrandom,
        Call.clock_gettime, Call.clock_getres, Call.clock_nanosleep, Call.nanosleep);
}
