namespace Hearth.Cpu.Software;

/// <summary>
/// Delivers exceptions, interrupts and software interrupts (Intel SDM Vol. 3, chapter 6), and decides what becomes of a
/// fault on the way: another fault, #DF, or shutdown.
/// </summary>
internal sealed unsafe class EventDelivery
{
    /// <summary>Bit 0 of an error code: the event was external to the program.</summary>
    private const uint External = 1;

    private readonly VcpuState* _state;
    private readonly DebugEvents _debug;
    private readonly RealModeDelivery _real;
    private readonly ProtectedModeDelivery _protected;
    private readonly LongModeDelivery _long;

    public EventDelivery(VcpuState* state, GuestAccess access, Mmu mmu, DebugEvents debug)
    {
        _state = state;
        _debug = debug;
        var tables = new DescriptorTables(state, access);
        _real = new RealModeDelivery(state, access);
        _protected = new ProtectedModeDelivery(state, access, tables, new TaskSwitch(state, access, mmu, debug));
        _long = new LongModeDelivery(state, access, tables);
    }

    /// <summary>Delivers the fault that waits in <see cref="VcpuState.FaultVector"/>.</summary>
    public StepResult DeliverPending() =>
        Deliver(EventKind.Fault, _state->FaultVector, _state->FaultHasErrorCode != 0, _state->FaultErrorCode);

    /// <summary>
    /// Delivers an event at <see cref="VcpuState.Rip"/>. For a fault, <see cref="VcpuState.FaultAddress"/> goes to CR2 or DR6.
    /// </summary>
    /// <returns>
    /// Continue or Shutdown; Fault only for a software interrupt that faulted on the way, as that is a fault of the
    /// instruction, whose address the caller puts back into RIP.
    /// </returns>
    public StepResult Deliver(EventKind kind, byte vector, bool hasError, uint error)
    {
        var one = new GuestEvent(kind, vector, hasError, error, RflagsToPush(kind, vector));
        if (kind == EventKind.Fault)
            NoteAddress(vector);
        if (kind == EventKind.Nmi)
            _state->NmiBlocked = 1;
        while (true)
        {
            _state->FaultPending = 0;
            if (DeliverOnce(one))
                return Complete();
            if (kind == EventKind.SoftwareInterrupt)
                return StepResult.Fault;
            if (!TryCombine(ref one))
                return StepResult.Shutdown;
        }
    }

    private bool DeliverOnce(in GuestEvent one)
    {
        if ((_state->Cr0 & ControlRegister.Cr0ProtectedMode) == 0)
            return _real.TryDeliver(one);
        return (_state->Efer & ControlRegister.EferLongModeActive) != 0 ? _long.TryDeliver(one) : _protected.TryDeliver(one);
    }

    private StepResult Complete()
    {
        _state->SystemFlags &= ~Rflags.Resume;
        _state->InterruptShadow = 0;
        _state->Activity = (byte)VcpuActivity.Running;
        _debug.Cancel();
        ModeState.Update(_state);
        return StepResult.Continue;
    }

    /// <summary>
    /// Turns the fault that the delivery raised into the next event to deliver (Intel SDM Vol. 3, table 6-5).
    /// </summary>
    /// <returns>False for a triple fault.</returns>
    private bool TryCombine(ref GuestEvent one)
    {
        byte second = _state->FaultVector;
        if (one.Kind == EventKind.Fault && one.Vector == ExceptionVector.DoubleFault)
            return false;
        bool pageFault = second == ExceptionVector.PageFault;
        bool doubles = one.Kind == EventKind.Fault &&
            ((IsContributory(one.Vector) && IsContributory(second)) ||
             (one.Vector == ExceptionVector.PageFault && (pageFault || IsContributory(second))));
        NoteAddress(second);
        if (doubles)
        {
            one = new GuestEvent(EventKind.Fault, ExceptionVector.DoubleFault, HasError: true, 0, RflagsToPush(EventKind.Fault, ExceptionVector.DoubleFault));
            return true;
        }

        bool selectorError = second is >= ExceptionVector.InvalidTss and <= ExceptionVector.GeneralProtection;
        uint error = _state->FaultErrorCode | (selectorError ? External : 0);
        one = new GuestEvent(EventKind.Fault, second, _state->FaultHasErrorCode != 0, error, RflagsToPush(EventKind.Fault, second));
        return true;
    }

    private static bool IsContributory(byte vector) =>
        vector is ExceptionVector.DivideError or (>= ExceptionVector.InvalidTss and <= ExceptionVector.GeneralProtection);

    private void NoteAddress(byte vector)
    {
        if (vector == ExceptionVector.PageFault)
            _state->Cr2 = _state->FaultAddress;
        if (vector != ExceptionVector.Debug)
            return;

        // The breakpoint bits say which one it was this time; the others stay until software clears them.
        const ulong Breakpoints = 15;
        ulong found = _state->FaultAddress;
        _state->DebugRegister[4] = (_state->DebugRegister[4] & ~((found & Breakpoints) != 0 ? Breakpoints : 0)) | found;
        _state->DebugRegister[5] &= ~DebugControl.Dr7GeneralDetect;
    }

    /// <summary>RF is set in the image of every fault, so that a fetch breakpoint is not taken twice; #DB leaves it as it is.</summary>
    private ulong RflagsToPush(EventKind kind, byte vector)
    {
        ulong flags = Rflags.Get(_state);
        return kind == EventKind.Fault && vector != ExceptionVector.Debug ? flags | Rflags.Resume : flags;
    }
}
