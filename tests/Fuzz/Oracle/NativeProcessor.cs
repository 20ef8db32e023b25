using System.Diagnostics;
using Hearth.Fuzz.Interop;
using Hearth.Fuzz.State;
using Hearth.Linux;

namespace Hearth.Fuzz.Oracle;

/// <summary>
/// The oracle: runs a program on the host's processor, in an emptied child under ptrace(2), and reads back all it did.
/// No system call of the program is ever carried out (PTRACE_SYSEMU).
/// </summary>
internal sealed unsafe class NativeProcessor : IProcessor
{
    private const int ExtendedStateRoom = 16384;
    private const int SystemCallStop = Libc.SIGTRAP | 0x80;

    /// <summary>ID, VIP, VIF, IOPL and NT: the kernel keeps them from PTRACE_SETREGS.</summary>
    private const ulong StickyFlags = 0x38_7000;

    // Offsets into the kernel's struct ucontext, which RDX points to when a handler is entered.
    private const int ErrorInContext = 40 + 152;
    private const int VectorInContext = ErrorInContext + 8;
    private const int FaultAddressInContext = ErrorInContext + 24;

    private static readonly TimeSpan s_limit = TimeSpan.FromMilliseconds(80);

    private readonly ForkStub _stub = new();
    private readonly ChildSpace _space = new();
    private readonly CpuPin _pin;
    private readonly Timer _watchdog;
    private readonly byte[] _extended = new byte[ExtendedStateRoom];
    private TracedProcess _child;
    private int _extendedLength;
    private long _started;

    /// <exception cref="OracleException">The host does not allow tracing.</exception>
    public NativeProcessor()
    {
        _pin = CpuPin.Here();
        try
        {
            _child = StartChild();
        }
        catch
        {
            DisposeAllButChild();
            throw;
        }

        _watchdog = new Timer(_ => StopOverdue(), null, s_limit, s_limit / 2);
    }

    public string Name => "host";

    /// <summary>The process id of the child, which changes when it had to be replaced.</summary>
    public int ChildPid => _child.Id;

    public bool Supports(CodeMode mode) => HostTraits.Current.Runs(mode);

    public void Run(TestProgram program, Outcome outcome)
    {
        program.Memory.CopyTo(_space.Image);
        if (!TryLoad(program.State))
        {
            (outcome.End, outcome.Detail) = (EndKind.Broken, "the kernel rejects the initial state");
            return;
        }

        Volatile.Write(ref _started, Stopwatch.GetTimestamp());
        int signal = RunToStop();
        Volatile.Write(ref _started, 0);
        if (signal < 0)
        {
            (outcome.End, outcome.Detail) = (EndKind.Broken, "the child died");
            _child = StartChild();
            return;
        }

        _child.GetRegisters(out TracedRegisters registers);
        _child.GetExtendedState(_extended);
        RegisterImage.Unpack(registers, outcome.State);
        _extended.AsSpan(0, ProcessorState.XsaveLength).CopyTo(outcome.State.Xsave);
        Classify(signal, outcome);
        _space.Image.CopyTo(outcome.Memory);
        if ((registers.Rflags & StickyFlags) != 0)
            ClearStickyFlags();
    }

    public void Dispose()
    {
        _watchdog.Dispose();
        _child.Dispose();
        DisposeAllButChild();
    }

    private void DisposeAllButChild()
    {
        _space.Dispose();
        _stub.Dispose();
        _pin.Dispose();
    }

    private TracedProcess StartChild()
    {
        TracedProcess child = TracedChild.Start(_stub);
        try
        {
            _pin.Pin(child.Id);
            _space.SetUp(child, _stub.SyscallAddress);
            _extendedLength = child.GetExtendedState(_extended);
            if (_extendedLength < ProcessorState.XsaveLength)
                throw new OracleException("this processor has no AVX state");
            return child;
        }
        catch (LinuxException error)
        {
            child.Dispose();
            throw new OracleException(error.Message);
        }
        catch
        {
            child.Dispose();
            throw;
        }
    }

    private bool TryLoad(ProcessorState state)
    {
        var registers = default(TracedRegisters);
        RegisterImage.Pack(state, ref registers);
        registers.SystemCall = TracedRegisters.NoSystemCall;
        _extended.AsSpan(ProcessorState.XsaveLength, _extendedLength - ProcessorState.XsaveLength).Clear();
        state.Xsave.CopyTo(_extended, 0);
        return _child.TrySetRegisters(registers) && _child.TrySetExtendedState(_extended.AsSpan(0, _extendedLength));
    }

    /// <summary>POPF of a program can set ID and NT, but ptrace(2) cannot take them back: a program of ours does.</summary>
    private void ClearStickyFlags()
    {
        var program = new TestProgram(CodeMode.Long);
        const byte Popf = 0x9D;
        program.SetCode([Popf], 0);
        program.At(program.State.Registers[4])[..8].Clear();
        program.Memory.CopyTo(_space.Image);
        if (TryLoad(program.State))
            RunToStop();
    }

    private int RunToStop()
    {
        while (true)
        {
            TracedStop stop = _child.ContinueWithoutSystemCalls();
            int signal = stop.IsSystemCall ? SystemCallStop : stop.Signal;
            bool stale = signal == Libc.SIGALRM && Stopwatch.GetElapsedTime(_started) < s_limit;
            if (!stale)
                return signal;
        }
    }

    private void Classify(int signal, Outcome outcome)
    {
        (outcome.Vector, outcome.ErrorCode, outcome.FaultAddress, outcome.Detail) = (0, 0, 0, "");
        outcome.End = signal switch
        {
            SystemCallStop => EndKind.SystemCall,
            Libc.SIGALRM => EndKind.Timeout,
            Libc.SIGTRAP or Libc.SIGSEGV or Libc.SIGBUS or Libc.SIGFPE or Libc.SIGILL => EndKind.Exception,
            _ => EndKind.Broken,
        };
        if (outcome.End != EndKind.Exception)
            return;
        if (signal == Libc.SIGTRAP && _child.SignalInfo().Code == Libc.SI_KERNEL)
            outcome.Vector = ExceptionVectors.Breakpoint;
        else
            ReadSignalFrame(signal, outcome);
    }

    /// <summary>
    /// Lets the kernel deliver the signal: vector, error code and CR2 are only to be had from the frame it writes. A single
    /// step of a process with a signal ends before the handler's first instruction.
    /// </summary>
    private void ReadSignalFrame(int signal, Outcome outcome)
    {
        _child.Step(signal);
        _child.GetRegisters(out TracedRegisters registers);
        if (registers.Rip != ChildSpace.SignalHandler
            || !_space.TryReadSignalFrame(registers.Rdx + VectorInContext, out ulong vector)
            || !_space.TryReadSignalFrame(registers.Rdx + ErrorInContext, out ulong error)
            || !_space.TryReadSignalFrame(registers.Rdx + FaultAddressInContext, out ulong address))
        {
            (outcome.End, outcome.Detail) = (EndKind.Broken, $"no frame for signal {signal}");
            return;
        }

        outcome.Vector = (byte)vector;
        outcome.ErrorCode = ExceptionVectors.HasErrorCode(outcome.Vector) ? (uint)error : 0;
        outcome.FaultAddress = vector == ExceptionVectors.PageFault ? address : 0;
    }

    /// <summary>Ends a program that runs too long, with a signal that nothing else sends.</summary>
    private void StopOverdue()
    {
        long started = Volatile.Read(ref _started);
        int pid = _child.Id;
        if (started != 0 && pid != 0 && Stopwatch.GetElapsedTime(started) > s_limit)
            _ = Libc.kill(pid, Libc.SIGALRM);
    }
}
