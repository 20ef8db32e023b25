using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>
/// A child that asked to be traced (ptrace(2)). The kernel ties it to the thread that created it: only that thread may use it,
/// except for <see cref="Interrupt"/>; the child is killed when that thread ends, however it ends.
/// </summary>
public sealed unsafe class TracedProcess : IDisposable
{
    private const int Stopped = 0x7F;
    private const int SystemCallBit = 0x80;

    private int _id;

    /// <summary>What it ended with by itself.</summary>
    private int _exitCode;

    private TracedProcess(int id) => _id = id;

    /// <summary>The process id; 0 once it is gone.</summary>
    public int Id => _id;

    /// <summary>Takes a new child over, which stops by itself when it executes its program, or ends with the error number when it cannot.</summary>
    /// <exception cref="LinuxException">It ended instead, or tracing is not allowed.</exception>
    public static TracedProcess Adopt(int id)
    {
        var process = new TracedProcess(id);
        if (process.Wait().Signal != Signal.Trap)
        {
            process.Dispose();
            throw new LinuxException("a process cannot be traced here", process._exitCode);
        }

        const int Options = Libc.PTRACE_O_EXITKILL | Libc.PTRACE_O_TRACESYSGOOD;
        if (Libc.ptrace(Libc.PTRACE_SETOPTIONS, id, 0, (void*)Options) == 0)
            return process;
        LinuxException error = LinuxException.Last("cannot trace a process");
        process.Dispose();
        throw error;
    }

    /// <summary>Lets it run to its next stop; it makes its system calls.</summary>
    public TracedStop Continue() => Run(Libc.PTRACE_CONT);

    /// <summary>Lets it run to its next stop; no system call is carried out.</summary>
    public TracedStop ContinueWithoutSystemCalls() => Run(Libc.PTRACE_SYSEMU);

    /// <summary>Delivers a signal and lets it run one instruction; one with a handler stops before the handler's first.</summary>
    public TracedStop Step(int signal) => Run(Libc.PTRACE_SINGLESTEP, signal);

    /// <summary>Makes it do a system call, which leaves its registers changed.</summary>
    /// <param name="instruction">The address of a SYSCALL followed by INT3 in the process.</param>
    /// <exception cref="LinuxException">It failed.</exception>
    public ulong Call(ulong instruction, ulong number, params ReadOnlySpan<ulong> arguments)
    {
        long result = CallWithResult(instruction, number, arguments);
        return result is >= 0 or <= -4096 ? (ulong)result : throw new LinuxException($"system call {number} in a traced process", (int)-result);
    }

    /// <summary>As <see cref="Call"/>, for one that the kernel may not have.</summary>
    /// <returns>False when it failed.</returns>
    public bool TryCall(ulong instruction, ulong number, params ReadOnlySpan<ulong> arguments) =>
        CallWithResult(instruction, number, arguments) is >= 0 or <= -4096;

    private long CallWithResult(ulong instruction, ulong number, ReadOnlySpan<ulong> arguments)
    {
        Span<ulong> padded = stackalloc ulong[6];
        arguments.CopyTo(padded);
        GetRegisters(out TracedRegisters registers);
        (registers.Rip, registers.Rax, registers.SystemCall) = (instruction, number, TracedRegisters.NoSystemCall);
        (registers.Rdi, registers.Rsi, registers.Rdx) = (padded[0], padded[1], padded[2]);
        (registers.R10, registers.R8, registers.R9) = (padded[3], padded[4], padded[5]);
        TracedStop stop = TrySetRegisters(registers) ? Continue() : Gone();
        if (stop != new TracedStop(Signal.Trap, false))
            throw new LinuxException($"system call {number} ended a traced process", 0);
        GetRegisters(out registers);
        return (long)registers.Rax;
    }

    public void GetRegisters(out TracedRegisters registers)
    {
        fixed (TracedRegisters* to = &registers)
            _ = Libc.ptrace(Libc.PTRACE_GETREGS, _id, 0, to);
    }

    /// <returns>False when the kernel rejects them.</returns>
    public bool TrySetRegisters(in TracedRegisters registers)
    {
        fixed (TracedRegisters* from = &registers)
            return Libc.ptrace(Libc.PTRACE_SETREGS, _id, 0, from) == 0;
    }

    /// <summary>Reads x87 and vector state in the standard format of XSAVE.</summary>
    /// <returns>Its length in bytes; 0 when the kernel refused.</returns>
    public int GetExtendedState(Span<byte> to)
    {
        fixed (byte* buffer = to)
        {
            var vector = stackalloc nint[2] { (nint)buffer, to.Length };
            return Libc.ptrace(Libc.PTRACE_GETREGSET, _id, Libc.NT_X86_XSTATE, vector) == 0 ? (int)vector[1] : 0;
        }
    }

    /// <summary>Writes x87 and vector state, all of it: as many bytes as <see cref="GetExtendedState"/> gives.</summary>
    /// <returns>False when the kernel rejects it.</returns>
    public bool TrySetExtendedState(ReadOnlySpan<byte> from)
    {
        fixed (byte* buffer = from)
        {
            var vector = stackalloc nint[2] { (nint)buffer, from.Length };
            return Libc.ptrace(Libc.PTRACE_SETREGSET, _id, Libc.NT_X86_XSTATE, vector) == 0;
        }
    }

    /// <summary>si_code and si_addr of the signal that stopped it (sigaction(2)).</summary>
    public (int Code, ulong Address) SignalInfo()
    {
        const int Words = 16;
        ulong* info = stackalloc ulong[Words];
        return Libc.ptrace(Libc.PTRACE_GETSIGINFO, _id, 0, info) == 0 ? ((int)info[1], info[2]) : (0, 0);
    }

    /// <summary>Lets it run on one processor only.</summary>
    /// <returns>False when the kernel refused.</returns>
    public bool TrySetProcessor(int processor)
    {
        var set = ProcessorSet.Of(processor);
        return Libc.sched_setaffinity(_id, (nuint)sizeof(ProcessorSet), &set) == 0;
    }

    /// <summary>How long it has had a processor so far; zero when the kernel does not say.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            // The clock of a process by its id (clock_getcpuclockid(3)): CPUCLOCK_SCHED.
            const int ScheduledTime = 2;
            long* time = stackalloc long[2];
            return Libc.clock_gettime((~_id << 3) | ScheduledTime, time) == 0 ? new TimeSpan((time[0] * TimeSpan.TicksPerSecond) + (time[1] / 100)) : TimeSpan.Zero;
        }
    }

    /// <summary>Stops a process, soon, with a signal of its own. From any thread.</summary>
    public static void Interrupt(int id) => _ = Libc.kill(id, Signal.User1);

    public void Dispose()
    {
        if (_id == 0)
            return;
        _ = Libc.kill(_id, Signal.Kill);
        while (_id != 0)
            Wait();
    }

    private TracedStop Run(int request, int signal = 0)
    {
        if (Libc.ptrace(request, _id, 0, (void*)signal) != 0)
            return Gone();
        return Wait();
    }

    private TracedStop Wait()
    {
        int status;
        while (Libc.waitpid(_id, &status, Libc.WALL) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Libc.EINTR)
                return Gone();
        }

        if ((status & 0xFF) != Stopped)
        {
            _exitCode = (status & 0x7F) == 0 ? (status >> 8) & 0xFF : 0;
            return Gone();
        }

        int signal = (status >> 8) & 0xFF;
        return signal == (Signal.Trap | SystemCallBit) ? new TracedStop(0, true) : new TracedStop(signal, false);
    }

    private TracedStop Gone()
    {
        _id = 0;
        return new TracedStop(-1, false);
    }
}
