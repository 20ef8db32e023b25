using System.Diagnostics;
using System.Runtime.Intrinsics.X86;
using Hearth.Linux;

namespace Hearth.Cpu.Software;

/// <summary>
/// A process for user code of one guest address space: nothing but pages of guest RAM, and <see cref="DirectStub"/>. It makes
/// system calls only for <see cref="Map"/> and <see cref="Unmap"/>, under a filter that allows no others.
/// </summary>
/// <remarks>Belongs to one thread, see <see cref="TracedProcess"/>.</remarks>
internal sealed unsafe class DirectProcess : IDisposable
{
    private const int MemoryMap = 9;
    private const int MemoryUnmap = 11;
    private const int CloseRange = 436;
    private const int Prctl = 157;
    private const int ArchPrctl = 158;

    private readonly DirectStub _stub = new();
    private readonly DirectSelectors _selectors;
    private readonly TracedProcess _process;
    private readonly byte[] _extended = new byte[16384];
    private readonly int _extendedLength;
    private int _calls;
    private TracedRegisters _registers;

    /// <summary>The process has other registers than <see cref="_registers"/>.</summary>
    private bool _mustSet;
    private bool _hasFailed;
    private int _processor = -1;

    /// <summary>RFLAGS.ID of the process, which ptrace shows but does not set.</summary>
    private ulong _identification;

    /// <param name="processor">The host's processor that the calling thread runs on.</param>
    /// <exception cref="LinuxException">The host allows no such process.</exception>
    public DirectProcess(DirectLauncher launcher, FileDescriptor ram, DirectSelectors selectors, int processor)
    {
        _selectors = selectors;
        try
        {
            _process = launcher.Start(ram, _stub.File);
        }
        catch (LinuxException)
        {
            _stub.Dispose();
            throw;
        }

        try
        {
            MoveTo(processor);
            SetUp();
            ChangeTime = MeasureChange();
            _extendedLength = _process.GetExtendedState(_extended);
            if (_extendedLength < CpuState.XsaveLength)
                throw new LinuxException("the host's processor has no AVX state");
        }
        catch (LinuxException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>0 when it has ended.</summary>
    public int Id => _process.Id;

    /// <summary>What the host's processor was found to do.</summary>
    public DirectTraps Traps { get; private set; }

    /// <summary>What it takes to run it for nothing, in <see cref="Stopwatch"/> ticks.</summary>
    public long ChangeTime { get; }

    /// <summary>Maps pages of RAM, at the latest when <see cref="Flush"/> is called.</summary>
    /// <param name="protection">PROT_ bits of mmap(2).</param>
    /// <param name="offset">Where they lie in the file of RAM.</param>
    public void Map(ulong linear, ulong length, int protection, ulong offset)
    {
        const ulong SharedFixedPopulated = 0x8011;
        Add(MemoryMap, linear, length, (ulong)protection, SharedFixedPopulated, DirectLauncher.RamDescriptor, offset);
    }

    /// <inheritdoc cref="Map"/>
    public void Unmap(ulong linear, ulong length) => Add(MemoryUnmap, linear, length);

    /// <summary>Carries out what was asked for.</summary>
    /// <returns>False when the host refused, now or before: the process must not be used any more.</returns>
    public bool Flush()
    {
        if (_calls == 0 || _hasFailed)
            return !_hasFailed;
        TracedRegisters registers = default;
        (registers.Rip, registers.R12, registers.R13) = (DirectStub.Batch, DirectStub.List, (ulong)_calls);
        (registers.SystemCall, registers.Cs, registers.Ss, registers.Rflags) = (TracedRegisters.NoSystemCall, DirectSelectors.Code, DirectSelectors.Data, Rflags.AlwaysOne);
        _calls = 0;
        _mustSet = true;
        _hasFailed = !_process.TrySetRegisters(registers) || !RunToTrap(out ulong result) || IsError(result);
        return !_hasFailed;
    }

    /// <summary>Takes over the registers of a vCPU.</summary>
    /// <returns>False when the process must not be used any more.</returns>
    public bool Enter(VcpuState* state)
    {
        const ulong InterruptFlag = 0x200;
        _registers.SetGeneral(new ReadOnlySpan<ulong>(state->Gpr, 16));
        (_registers.Rip, _registers.Rflags, _registers.SystemCall) = (state->Rip, Rflags.Get(state) | InterruptFlag, TracedRegisters.NoSystemCall);
        _selectors.Load(ref _registers);
        _mustSet = true;
        if (((_registers.Rflags ^ _identification) & Rflags.Identification) != 0 && !TrySetIdentification(_registers.Rflags))
            return false;
        XsaveImage.Save(state, _extended.AsSpan(0, CpuState.XsaveLength));
        return _process.TrySetExtendedState(_extended.AsSpan(0, _extendedLength));
    }

    /// <summary>Runs guest code until something stops it.</summary>
    /// <param name="instruction">Where it stopped.</param>
    public TracedStop Run(out ulong instruction)
    {
        instruction = _registers.Rip;
        if (_mustSet && !_process.TrySetRegisters(_registers))
            return new TracedStop(-1, false);
        _mustSet = false;
        TracedStop stop = _process.ContinueWithoutSystemCalls();
        if (stop.Signal < 0)
            return stop;
        _process.GetRegisters(out _registers);
        _identification = _registers.Rflags;
        instruction = _registers.Rip;
        if (!stop.IsSystemCall)
            return stop;
        _registers.Rax = _registers.SystemCall;
        _registers.SystemCall = TracedRegisters.NoSystemCall;
        return stop;
    }

    /// <summary>What stopped it is a fault, not a trap: RF is set in the image of RFLAGS (Intel SDM Vol. 3, section 17.3.1.1).</summary>
    public bool IsAtFault => (_registers.Rflags & Rflags.Resume) != 0;

    /// <summary>Gives the registers back.</summary>
    public void Leave(VcpuState* state)
    {
        _registers.GetGeneral(new Span<ulong>(state->Gpr, 16));
        _selectors.Store(_registers);

        // The process always has IF set, whatever the guest's says.
        Rflags.Change(state, _registers.Rflags, Rflags.Arithmetic | Rflags.Direction | Rflags.AlignmentCheck | Rflags.Identification | Rflags.NestedTask | Rflags.Trap);
        state->Rip = _registers.Rip;
        ModeState.Update(state);
        _process.GetExtendedState(_extended);
        _ = XsaveImage.TryLoad(state, _extended.AsSpan(0, CpuState.XsaveLength));

        // What the guest's model does not have (AVX-512 and such) is of no interest, and starts anew the next time.
        _extended.AsSpan(CpuState.XsaveLength, _extendedLength - CpuState.XsaveLength).Clear();
    }

    /// <summary>Lets it run where the calling thread runs: to change over to a process on another processor takes twenty times as long.</summary>
    public void MoveTo(int processor)
    {
        if (processor != _processor && _process.TrySetProcessor(processor))
            _processor = processor;
    }

    /// <inheritdoc cref="TracedProcess.ProcessorTime"/>
    public TimeSpan ProcessorTime => _process.ProcessorTime;

    /// <inheritdoc cref="TracedProcess.SignalInfo"/>
    public (int Code, ulong Address) SignalInfo() => _process.SignalInfo();

    public void Dispose()
    {
        _process.Dispose();
        _stub.Dispose();
    }

    private void SetUp()
    {
        const ulong ReadExecute = 5;
        const ulong Read = 1;
        const ulong SharedFixed = 0x11;
        const ulong TimeStamps = 26; // PR_SET_TSC
        const ulong Fault = 2; // PR_TSC_SIGSEGV
        const ulong SetCpuid = 0x1012; // ARCH_SET_CPUID
        const ulong PageLength = 4096;
        _process.Call(DirectLauncher.SystemCall, MemoryMap, DirectStub.Code, PageLength, ReadExecute, SharedFixed, DirectLauncher.StubDescriptor, 0);
        _process.Call(DirectLauncher.SystemCall, MemoryMap, DirectStub.List, PageLength, Read, SharedFixed, DirectLauncher.StubDescriptor, PageLength);
        _process.Call(DirectStub.Code, MemoryUnmap, 0, DirectStub.Code);
        _process.Call(DirectStub.Code, Prctl, TimeStamps, Fault);

        // A hypervisor is left for the register that says so at every change of process: ten microseconds each.
        if (!IsVirtual())
            _ = _process.TryCall(DirectStub.Code, ArchPrctl, SetCpuid, 0);
        _process.Call(DirectStub.Code, CloseRange, 0, DirectLauncher.RamDescriptor - 1);
        _process.Call(DirectStub.Code, CloseRange, DirectLauncher.RamDescriptor + 1, uint.MaxValue);
        Traps = new DirectTraps(Faults(DirectStub.CpuidAndTrap), Faults(DirectStub.RdtscAndTrap));
        Confine();
    }

    /// <summary>The host itself is a guest (CPUID.1:ECX[31]).</summary>
    private static bool IsVirtual() => X86Base.IsSupported && X86Base.CpuId(1, 0).Ecx < 0;

    private long MeasureChange()
    {
        const int Times = 9;
        Span<long> times = stackalloc long[Times];
        _process.GetRegisters(out _registers);
        for (int i = 0; i < Times; i++)
        {
            _registers.Rip = DirectStub.Trap;
            _mustSet = true;
            long start = Stopwatch.GetTimestamp();
            Run(out _);
            times[i] = Stopwatch.GetTimestamp() - start;
        }

        times.Sort();
        return times[Times / 2];
    }

    private bool Faults(ulong instruction)
    {
        _process.GetRegisters(out TracedRegisters registers);
        registers.Rip = instruction;
        return _process.TrySetRegisters(registers) && _process.Continue().Signal == Signal.SegmentationViolation;
    }

    /// <summary>mmap and munmap, and nothing else: also for the system calls that the host's vsyscall page makes for its callers (seccomp(2)).</summary>
    private void Confine()
    {
        const ulong NoNewPrivileges = 38;
        const ulong SetFilter = 22;
        const ulong FilterMode = 2;
        const ulong LoadNumber = 0x20;
        const ulong JumpIfEqual = 0x15;
        const ulong Return = 0x06;
        const ulong Allow = 0x7FFF_0000;
        const ulong Trap = 0x0003_0000;
        const int ProgramWords = 2;

        // struct sock_fprog, and struct sock_filter: code, jt, jf in 32 bits and k in the 32 above.
        Span<ulong> words = _stub.Calls;
        words[0] = 5;
        words[1] = DirectStub.List + (ProgramWords * sizeof(ulong));
        words[2] = LoadNumber;
        words[3] = JumpIfEqual | (2 << 16) | ((ulong)MemoryMap << 32);
        words[4] = JumpIfEqual | (1 << 16) | ((ulong)MemoryUnmap << 32);
        words[5] = Return | (Trap << 32);
        words[6] = Return | (Allow << 32);
        _process.Call(DirectStub.Code, Prctl, NoNewPrivileges, 1);
        _process.Call(DirectStub.Code, Prctl, SetFilter, FilterMode, DirectStub.List);
    }

    private bool TrySetIdentification(ulong flags)
    {
        Span<ulong> frame = _stub.FrameWords;
        (frame[0], frame[1], frame[2]) = (DirectStub.Trap, DirectSelectors.Code, Rflags.AlwaysOne | (flags & Rflags.Identification));
        (frame[3], frame[4]) = (0, DirectSelectors.Data);
        TracedRegisters registers = default;
        (registers.Rip, registers.Rsp, registers.SystemCall) = (DirectStub.Return, DirectStub.Frame, TracedRegisters.NoSystemCall);
        (registers.Cs, registers.Ss, registers.Rflags) = (DirectSelectors.Code, DirectSelectors.Data, Rflags.AlwaysOne);
        _identification = flags;
        return _process.TrySetRegisters(registers) && RunToTrap(out _);
    }

    private void Add(ulong number, params ReadOnlySpan<ulong> arguments)
    {
        if (_calls == DirectStub.MaximumCalls && !Flush())
            return;
        Span<ulong> call = _stub.Calls.Slice(_calls++ * 7, 7);
        call.Clear();
        call[0] = number;
        arguments.CopyTo(call[1..]);
    }

    /// <summary>Runs code of ours, whatever signals of <see cref="TracedProcess.Interrupt"/> come between.</summary>
    private bool RunToTrap(out ulong result)
    {
        result = 0;
        TracedStop stop;
        do
        {
            stop = _process.Continue();
        }
        while (stop.Signal == Signal.User1);
        if (stop.Signal != Signal.Trap || stop.IsSystemCall)
            return false;
        _process.GetRegisters(out TracedRegisters registers);
        result = registers.Rax;
        return true;
    }

    private static bool IsError(ulong result) => (long)result is < 0 and > -4096;
}
