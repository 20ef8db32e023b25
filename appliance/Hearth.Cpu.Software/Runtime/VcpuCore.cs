using Hearth.Machine;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Everything of a vCPU that is not translated code: memory management, events, the interpreter, its saved form.</summary>
internal sealed unsafe class VcpuCore : IDisposable
{
    /// <summary>FSW in the FXSAVE image.</summary>
    private const int StatusOffset = 2;

    private readonly VcpuState* _state;
    private readonly SoftwareCpuEngine _engine;
    private readonly SystemInstructions _system;
    private readonly DataInstructions _data;
    private readonly CpuStateMapper _mapper;
    private readonly VcpuTimestampCounter _tsc;
    private readonly ParavirtualRegisters _paravirtual;
    private readonly IHostFpu _fpu;
    private readonly FaultingInstruction _faulting;

    public VcpuCore(VcpuState* state, SoftwareCpuEngine engine, int index, IHostFpu fpu)
    {
        _state = state;
        _engine = engine;
        CpuModel model = engine.Options.Model;
        _tsc = new VcpuTimestampCounter(state, engine.Scale);
        Debug = new DebugEvents(state);
        Mmu = new Mmu(state, engine.Ram);
        Access = new GuestAccess(state, engine.Ram, Mmu, Debug);
        _fpu = fpu;
        _faulting = new FaultingInstruction(state, Access);
        Events = new EventDelivery(state, Access, Mmu, Debug);
        var cpuid = CpuidBuilder.Build(
            model, new CpuTopology(index, engine.Options.VcpuCount), engine.Options.TscFrequency, SpeculationControls.OfTranslatedCode, engine.Options.Paravirtual);
        _paravirtual = engine.Options.Paravirtual switch
        {
            ParavirtualInterface.Kvm => new KvmRegisters(engine.Ram, _tsc, engine.Options.Host),
            ParavirtualInterface.HyperV => new HyperVRegisters(engine.HyperV, index, engine.Ram, _tsc, engine.Options.Host),
            _ => new ParavirtualRegisters(engine.Ram, _tsc, engine.Options.Host),
        };
        _system = new SystemInstructions(state, engine.Ram, Mmu, Access, Events, Debug, model, cpuid, _tsc, _paravirtual);
        _mapper = new CpuStateMapper(state, model, _system.Registers, _tsc);
        _data = new DataInstructions(state, engine.Ram, Mmu, Access, Debug, fpu);
    }

    public Mmu Mmu { get; }

    public GuestAccess Access { get; }

    public DebugEvents Debug { get; }

    public EventDelivery Events { get; }

    public ITimestampCounter TimestampCounter => _tsc;

    /// <summary>An NMI has arrived and not yet been delivered.</summary>
    public bool NmiPending { get; set; }

    /// <summary>What a restored state has to deliver first.</summary>
    public PendingEvent Pending { get; private set; }

    /// <summary>What was unsupported, for the report.</summary>
    public string Detail { get; private set; } = "";

    public void Connect(ILocalApic apic) => _system.Connect(apic);

    public void SetBus(IVcpuBus bus) => Access.Bus = bus;

    /// <summary>RESET.</summary>
    public void Reset(bool bootstrap)
    {
        ResetState.Reset(_state, _engine.Options.Model, bootstrap);
        Debug.Cancel();
        _state->TscOffset = 0 - _engine.TimestampEpoch;
        _paravirtual.Reset();
        _paravirtual.SetClock(0, 0);
        NmiPending = false;
        Pending = default;
        Mmu.Flush();
    }

    /// <summary>INIT: as RESET, but the register files of x87, SSE and AVX and most MSRs stay.</summary>
    public void Init(bool bootstrap)
    {
        ResetState.Init(_state, _engine.Options.Model, bootstrap);
        _paravirtual.Init();
        Debug.Cancel();
        NmiPending = false;
        Pending = default;
        Mmu.Flush();
    }

    /// <summary>SIPI: begins in real mode at the page of the vector.</summary>
    public void StartUp(byte vector) => ResetState.StartUp(_state, vector);

    public CpuState Save()
    {
        CpuState saved = _mapper.Save();
        saved.Tsc = _engine.Scale.FromHost(_engine.FrozenTimestamp()) + _state->TscOffset;
        saved.Clock = _paravirtual.ClockAt(saved.Tsc);
        saved.NmiPending = NmiPending;
        saved.Pending = Pending;
        return saved;
    }

    public void Restore(CpuState saved)
    {
        _mapper.Restore(saved);
        Debug.Cancel();
        _state->TscOffset = saved.Tsc - _engine.Scale.FromHost(_engine.FrozenTimestamp());
        NmiPending = saved.NmiPending;
        Pending = saved.Pending;
        Mmu.Flush();
        ModeState.Update(_state);
    }

    /// <summary>Takes back TSC ticks that passed while the machine's clock stood still.</summary>
    public void SkipTicks(ulong ticks)
    {
        _state->TscOffset -= ticks;
        _paravirtual.CounterSkipped();
    }

    /// <summary>Lets ticks pass in which the guest did not run.</summary>
    public void AdvanceTicks(ulong ticks)
    {
        _state->TscOffset += ticks;
        _paravirtual.GuestStopped();
    }

    /// <summary>Delivers <see cref="Pending"/>.</summary>
    /// <returns>False for a triple fault.</returns>
    public bool TryDeliverPending()
    {
        PendingEvent one = Pending;
        Pending = default;
        _state->FaultAddress = one.Vector == ExceptionVector.PageFault ? _state->Cr2 : _state->DebugRegister[4] & ~DebugControl.Dr6Fixed;
        EventKind kind = one.Kind == PendingEventKind.Interrupt ? EventKind.External : EventKind.Fault;
        return Events.Deliver(kind, one.Vector, one.HasErrorCode, one.ErrorCode) == StepResult.Continue;
    }

    /// <summary>Turns a SIGFPE into the guest's fault.</summary>
    public StepResult ArithmeticFault()
    {
        const uint IntegerDivide = 1;
        const uint IntegerOverflow = 2;
        if (_state->HostSignalCode is IntegerDivide or IntegerOverflow)
            return PendingFault.Set(_state, ExceptionVector.DivideError);

        // Flags in MXCSR prove nothing: LDMXCSR may have set them without an exception.
        if (_faulting.IsX87(IsX87Pending()))
            return PendingFault.Set(_state, ExceptionVector.FloatingPoint);
        bool announced = (_state->Cr4 & ControlRegister.Cr4OsXmmExceptions) != 0;
        return PendingFault.Set(_state, announced ? ExceptionVector.SimdFloatingPoint : ExceptionVector.InvalidOpcode);
    }

    /// <summary>Puts #MF in place of the fault of an access, where one is pending in the x87 unit.</summary>
    public void PreferPendingX87()
    {
        if (IsX87Pending())
            PendingFault.Set(_state, ExceptionVector.FloatingPoint);
    }

    private bool IsX87Pending()
    {
        const int ErrorSummary = 0x80;
        if (_state->X87Loaded != 0)
            _fpu.Spill();
        return (_state->X87[StatusOffset] & ErrorSummary) != 0;
    }

    /// <summary>Executes an instruction that generated code left to C#. RIP is at it.</summary>
    public StepResult Execute(in Instruction instruction, in KeptInstruction kept)
    {
        switch (kept.Reason)
        {
            case KeptReason.Undefined:
                return PendingFault.InvalidOpcode(_state);
            case KeptReason.UnitUnavailable:
                return UnitUnavailable(instruction, kept.Unit);
            default:
                break;
        }

        if (SystemInstructions.Handles(instruction.Code))
            return _system.Execute(instruction);
        if (DataInstructions.Handles(instruction.Code))
            return _data.Execute(instruction);
        Detail = $"the instruction {instruction} at 0x{_state->Rip:x}";
        return StepResult.Unsupported;
    }

    public void Dispose() => _data.Dispose();

    /// <summary>Intel SDM Vol. 3, tables 2-2 and 13-1; Vol. 2, table 2-21.</summary>
    private StepResult UnitUnavailable(in Instruction instruction, InstructionUnit unit)
    {
        bool switched = (_state->Cr0 & ControlRegister.Cr0TaskSwitched) != 0;
        bool emulated = (_state->Cr0 & ControlRegister.Cr0Emulation) != 0;
        bool available = unit switch
        {
            InstructionUnit.X87 => instruction.Mnemonic == Mnemonic.Wait || !emulated || !UsesMmx(instruction),
            InstructionUnit.Sse => !emulated && (_state->Cr4 & ControlRegister.Cr4OsFxsr) != 0,
            _ => switched && AvxEnabled(),
        };
        if (!available)
            return PendingFault.InvalidOpcode(_state);
        if (instruction.Mnemonic == Mnemonic.Wait && (_state->Cr0 & ControlRegister.Cr0MonitorCoprocessor) == 0)
        {
            _state->Rip = instruction.NextIP;
            return StepResult.Continue;
        }

        return PendingFault.Set(_state, ExceptionVector.DeviceNotAvailable);
    }

    private bool AvxEnabled() => (_state->Cr4 & ControlRegister.Cr4OsXsave) != 0 && (_state->Xcr0 & 6) == 6 &&
        (_state->Cr0 & ControlRegister.Cr0ProtectedMode) != 0 && (_state->SystemFlags & Rflags.Virtual8086) == 0;

    private static bool UsesMmx(in Instruction instruction)
    {
        foreach (CpuidFeature feature in instruction.CpuidFeatures)
        {
            if (feature is CpuidFeature.FPU or CpuidFeature.FPU287 or CpuidFeature.FPU387)
                return false;
        }

        return true;
    }
}
