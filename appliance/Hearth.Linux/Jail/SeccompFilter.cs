using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux.Jail;

/// <summary>A list of allowed system calls, compiled (seccomp(2)). <see cref="SeccompFilterBuilder"/> makes them.</summary>
public sealed unsafe class SeccompFilter
{
    // BPF_MAXINSNS
    private const int MaximumLength = 4096;

    private readonly ulong[] _program;

    internal SeccompFilter(ulong[] program)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(program.Length, MaximumLength);
        _program = program;
    }

    /// <summary>Instructions of classic BPF: struct sock_filter.</summary>
    public ReadOnlyMemory<ulong> Program => _program;

    /// <summary>Restricts all threads of this process, and all that they start, for good. Programs that are executed gain no rights any more, too.</summary>
    /// <exception cref="LinuxException">The kernel has no filters, or a thread has one of its own.</exception>
    public void Install()
    {
        if (Libc.prctl(Libc.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
            throw LinuxException.Last("cannot forbid new privileges");

        // SAFETY: the kernel copies the program before it returns.
        fixed (ulong* instructions = _program)
        {
            var program = new Libc.FilterProgram { len = (ushort)_program.Length, filter = instructions };
            long result = Libc.syscall(SystemCallNumber.seccomp, Libc.SECCOMP_SET_MODE_FILTER, Libc.SECCOMP_FILTER_FLAG_TSYNC, (nint)(&program), 0, 0);
            if (result < 0)
                throw LinuxException.Last("cannot restrict system calls");
            if (result > 0)
                throw new LinuxException($"cannot restrict system calls of thread {result}");
        }
    }
}
