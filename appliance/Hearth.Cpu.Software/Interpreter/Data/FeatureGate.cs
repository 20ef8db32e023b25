namespace Hearth.Cpu.Software;

/// <summary>Whether the guest's operating system has enabled a group of instructions; if not, #UD or #NM is made pending.</summary>
internal sealed unsafe class FeatureGate
{
    private const ulong AvxState = ControlRegister.Xcr0Sse | ControlRegister.Xcr0Avx;

    // SAFETY: the state block outlives the interpreter.
    private readonly VcpuState* _state;
    private readonly GuestFpu _fpu;

    public FeatureGate(VcpuState* state, GuestFpu fpu)
    {
        _state = state;
        _fpu = fpu;
    }

    /// <summary>x87 control instructions, FXSAVE and FXRSTOR: #NM (Intel SDM Vol. 3, table 2-2).</summary>
    public bool TryX87() =>
        (_state->Cr0 & (ControlRegister.Cr0Emulation | ControlRegister.Cr0TaskSwitched)) == 0
        || Refuse(ExceptionVector.DeviceNotAvailable);

    /// <summary>x87 instructions that wait: #NM, or #MF for an exception that an earlier instruction left behind.</summary>
    public bool TryWaitingX87() => TryX87() && TryNoPendingX87();

    /// <summary>MMX: #UD, #NM or #MF.</summary>
    public bool TryMmx()
    {
        if ((_state->Cr0 & ControlRegister.Cr0Emulation) != 0)
            return Refuse(ExceptionVector.InvalidOpcode);
        return TryWaitingX87();
    }

    /// <summary>SSE: #UD or #NM.</summary>
    public bool TrySse()
    {
        if ((_state->Mode & (uint)ModeFlags.SseUsable) != 0)
            return true;
        bool undefined = (_state->Cr0 & ControlRegister.Cr0Emulation) != 0 || (_state->Cr4 & ControlRegister.Cr4OsFxsr) == 0;
        return Refuse(undefined ? ExceptionVector.InvalidOpcode : ExceptionVector.DeviceNotAvailable);
    }

    /// <summary>AVX: #UD or #NM.</summary>
    public bool TryAvx()
    {
        var mode = (ModeFlags)_state->Mode;
        if ((mode & ModeFlags.AvxUsable) != 0)
            return true;
        bool defined = (mode & (ModeFlags.Protected | ModeFlags.Virtual8086)) == ModeFlags.Protected
            && (_state->Cr4 & ControlRegister.Cr4OsXsave) != 0
            && (_state->Xcr0 & AvxState) == AvxState;
        return Refuse(defined ? ExceptionVector.DeviceNotAvailable : ExceptionVector.InvalidOpcode);
    }

    /// <summary>The XSAVE family: #UD or #NM.</summary>
    public bool TryXsave()
    {
        if ((_state->Cr4 & ControlRegister.Cr4OsXsave) == 0)
            return Refuse(ExceptionVector.InvalidOpcode);
        return (_state->Cr0 & ControlRegister.Cr0TaskSwitched) == 0 || Refuse(ExceptionVector.DeviceNotAvailable);
    }

    private bool TryNoPendingX87()
    {
        // With CR0.NE clear the error goes out on a pin to the interrupt controller and does not stop us.
        if ((_state->Cr0 & ControlRegister.Cr0NumericError) == 0)
            return true;
        _fpu.Claim();
        return (_fpu.StatusWord & GuestFpu.ErrorSummary) == 0 || Refuse(ExceptionVector.FloatingPoint);
    }

    private bool Refuse(byte vector)
    {
        PendingFault.Set(_state, vector);
        return false;
    }
}
