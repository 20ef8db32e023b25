using System.Runtime.InteropServices;
using Hearth.Fuzz.Interop;

namespace Hearth.Fuzz.Oracle;

/// <summary>
/// A forked child stopped under ptrace(2). The kernel ties it to the thread that created it: only that thread may use it, and
/// the child is killed when that thread ends, however it ends.
/// </summary>
internal sealed unsafe class TracedChild : IDisposable
{
    private const ulong NoSystemCall = ulong.MaxValue;
    private const int SignalInfoLength = 128;

    private int _pid;

    private TracedChild(int pid) => _pid = pid;

    public int Pid => _pid;

    /// <exception cref="OracleException">The host does not allow tracing.</exception>
    public static TracedChild Start(ForkStub stub)
    {
        long pid = stub.Fork();
        if (pid < 0)
            throw new OracleException($"cannot fork a child to trace: error {-pid}");
        var child = new TracedChild((int)pid);
        if (child.Wait() != Libc.SIGTRAP)
            throw new OracleException("ptrace is not allowed here: the child could not ask to be traced");
        child.Request(Libc.PTRACE_SETOPTIONS, 0, (void*)(Libc.PTRACE_O_EXITKILL | Libc.PTRACE_O_TRACESYSGOOD));
        return child;
    }

    /// <summary>Waits for the next stop.</summary>
    /// <returns>The signal that stopped it, with bit 7 set for a system call; -1 when the child is gone.</returns>
    public int Wait()
    {
        int status;
        while (Libc.waitpid(_pid, &status, Libc.__WALL) < 0)
        {
            const int Interrupted = 4;
            if (Marshal.GetLastPInvokeError() != Interrupted)
                return Gone();
        }

        const int Stopped = 0x7F;
        return (status & 0xFF) == Stopped ? (status >> 8) & 0xFF : Gone();
    }

    /// <summary>Lets it run on, with a signal or 0.</summary>
    /// <param name="request">PTRACE_CONT, PTRACE_SYSEMU or PTRACE_SINGLESTEP.</param>
    public void Resume(int request, int signal) => Libc.ptrace(request, _pid, 0, (void*)(nint)signal);

    public void GetRegisters(out UserRegisters registers)
    {
        fixed (UserRegisters* to = &registers)
            Libc.ptrace(Libc.PTRACE_GETREGS, _pid, 0, to);
    }

    /// <returns>False when the kernel rejects a selector.</returns>
    public bool SetRegisters(in UserRegisters registers)
    {
        fixed (UserRegisters* from = &registers)
            return Libc.ptrace(Libc.PTRACE_SETREGS, _pid, 0, from) == 0;
    }

    /// <returns>The length of the extended state in bytes.</returns>
    public int GetExtendedState(Span<byte> to)
    {
        fixed (byte* buffer = to)
        {
            var vector = stackalloc nint[2] { (nint)buffer, to.Length };
            return Libc.ptrace(Libc.PTRACE_GETREGSET, _pid, Libc.NT_X86_XSTATE, vector) == 0 ? (int)vector[1] : 0;
        }
    }

    /// <returns>False when the kernel rejects the state.</returns>
    public bool SetExtendedState(ReadOnlySpan<byte> from)
    {
        fixed (byte* buffer = from)
        {
            var vector = stackalloc nint[2] { (nint)buffer, from.Length };
            return Libc.ptrace(Libc.PTRACE_SETREGSET, _pid, Libc.NT_X86_XSTATE, vector) == 0;
        }
    }

    /// <summary>si_code of the signal that stopped it.</summary>
    public int SignalCode()
    {
        int* info = stackalloc int[SignalInfoLength / sizeof(int)];
        return Libc.ptrace(Libc.PTRACE_GETSIGINFO, _pid, 0, info) == 0 ? info[2] : 0;
    }

    /// <summary>Makes the child do a system call, which leaves its registers changed.</summary>
    /// <param name="instruction">The address of a SYSCALL followed by INT3 in the child.</param>
    /// <exception cref="OracleException">It failed.</exception>
    public ulong Call(ulong instruction, int number, params ReadOnlySpan<ulong> arguments)
    {
        Span<ulong> padded = stackalloc ulong[6];
        arguments.CopyTo(padded);
        GetRegisters(out UserRegisters registers);
        registers.Rip = instruction;
        registers.Rax = (ulong)number;
        registers.OriginalRax = NoSystemCall;
        (registers.Rdi, registers.Rsi, registers.Rdx) = (padded[0], padded[1], padded[2]);
        (registers.R10, registers.R8, registers.R9) = (padded[3], padded[4], padded[5]);
        SetRegisters(registers);
        Resume(Libc.PTRACE_CONT, 0);
        int signal = Wait();
        GetRegisters(out registers);
        if (signal != Libc.SIGTRAP || (long)registers.Rax is < 0 and > -4096)
            throw new OracleException($"system call {number} in the traced child failed: signal {signal}, result {(long)registers.Rax}");
        return registers.Rax;
    }

    /// <summary>Ends the restartable-sequences area that fork(2) copied (rseq(2)): the kernel kills a thread whose area is unmapped.</summary>
    public void EndRestartableSequences(ulong instruction)
    {
        var configuration = default(RseqConfiguration);
        Libc.ptrace(Libc.PTRACE_GET_RSEQ_CONFIGURATION, _pid, sizeof(RseqConfiguration), &configuration);
        if (configuration.Address == 0)
            return;
        ReadOnlySpan<ulong> arguments = [configuration.Address, configuration.Size, Libc.RSEQ_FLAG_UNREGISTER, configuration.Signature];
        Call(instruction, Libc.SYS_rseq, arguments);
    }

    public void Dispose()
    {
        if (_pid == 0)
            return;
        Libc.kill(_pid, Libc.SIGKILL);
        while (Wait() >= 0)
        {
        }
    }

    private void Request(int request, nint address, void* data)
    {
        if (Libc.ptrace(request, _pid, address, data) != 0)
            throw new OracleException($"ptrace request {request} failed: error {Marshal.GetLastPInvokeError()}");
    }

    private int Gone()
    {
        _pid = 0;
        return -1;
    }
}
