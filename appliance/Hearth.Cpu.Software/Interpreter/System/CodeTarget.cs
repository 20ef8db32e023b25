namespace Hearth.Cpu.Software;

/// <summary>Checks and loads CS in protected mode (Intel SDM Vol. 3, section 5.8.1).</summary>
internal sealed unsafe class CodeTarget
{
    private readonly VcpuState* _state;
    private readonly DescriptorTables _tables;

    public CodeTarget(VcpuState* state, DescriptorTables tables)
    {
        _state = state;
        _tables = tables;
    }

    private bool IsLongModeActive => (_state->Efer & ControlRegister.EferLongModeActive) != 0;

    /// <summary>True for a segment that runs 64-bit code.</summary>
    public bool IsLong(in Descriptor code) => IsLongModeActive && code.IsLong;

    /// <summary>A code segment that a far JMP or CALL names.</summary>
    /// <returns>False when #GP or #NP is pending.</returns>
    public bool AllowsDirect(int selector, in Descriptor code)
    {
        int cpl = _state->Cpl;
        bool privileged = code.IsConforming ? code.Dpl <= cpl : code.Dpl == cpl && (selector & 3) <= cpl;
        return privileged ? IsUsable(selector, code) : Raise(ExceptionVector.GeneralProtection, selector);
    }

    /// <summary>Reads and checks the code segment that RET or IRET goes back to; its RPL is the new privilege level.</summary>
    /// <inheritdoc cref="AllowsDirect"/>
    public bool TryReadReturn(int selector, out Descriptor code)
    {
        code = default;
        if (DescriptorTables.IsNull(selector))
            return Raise(ExceptionVector.GeneralProtection, 0);
        if (!_tables.TryRead(selector, out code))
            return false;
        int rpl = selector & 3;
        bool privileged = code.IsConforming ? code.Dpl <= rpl : code.Dpl == rpl;
        if (!code.IsCode || rpl < _state->Cpl || !privileged)
            return Raise(ExceptionVector.GeneralProtection, selector);
        return IsUsable(selector, code);
    }

    /// <summary>Reads and checks the code segment of a call gate.</summary>
    /// <inheritdoc cref="AllowsDirect"/>
    public bool TryReadGateTarget(int selector, bool isCall, out Descriptor code)
    {
        code = default;
        if (DescriptorTables.IsNull(selector))
            return Raise(ExceptionVector.GeneralProtection, 0);
        if (!_tables.TryRead(selector, out code))
            return false;
        bool privileged = isCall || code.IsConforming ? code.Dpl <= _state->Cpl : code.Dpl == _state->Cpl;
        if (!code.IsCode || !privileged || (IsLongModeActive && (!code.IsLong || code.IsBig)))
            return Raise(ExceptionVector.GeneralProtection, selector);
        return code.IsPresent || Raise(ExceptionVector.SegmentNotPresent, selector);
    }

    /// <summary>The entry point must lie in the segment, or be canonical.</summary>
    /// <returns>False when #GP(0) is pending.</returns>
    public bool AllowsOffset(in Descriptor code, ulong offset)
    {
        bool allowed = IsLong(code) ? Segmentation.IsCanonical(offset) : offset <= code.Limit;
        return allowed || Raise(ExceptionVector.GeneralProtection, 0);
    }

    /// <summary>Sets the accessed bit: the last thing about CS that may fault.</summary>
    public bool TrySetAccessed(int selector, in Descriptor code) => _tables.TrySetAccessed(selector, code);

    /// <summary>Loads CS, RIP and CPL; the caller updates the mode.</summary>
    public void Enter(int selector, in Descriptor code, int cpl, ulong offset)
    {
        Segments.Set(_state, SegmentName.CS, code.ToSegment((selector & 0xFFFC) | cpl));
        _state->Cpl = (byte)cpl;
        _state->Rip = offset;
    }

    private bool IsUsable(int selector, in Descriptor code)
    {
        if (IsLongModeActive && code.IsLong && code.IsBig)
            return Raise(ExceptionVector.GeneralProtection, selector);
        return code.IsPresent || Raise(ExceptionVector.SegmentNotPresent, selector);
    }

    private bool Raise(byte vector, int selector)
    {
        PendingFault.Set(_state, vector, (uint)selector & 0xFFFC);
        return false;
    }
}
