namespace Hearth.Cpu.Software;

/// <summary>XRSTOR in both formats (Intel SDM Vol. 1, section 13.8).</summary>
internal sealed unsafe class XrstorInstruction
{
    // SAFETY: the state block outlives the interpreter; all offsets lie within XsaveArea.Length bytes.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly GuestFpu _fpu;

    public XrstorInstruction(VcpuState* state, GuestAccess access, GuestFpu fpu)
    {
        _state = state;
        _access = access;
        _fpu = fpu;
    }

    /// <param name="requested">The requested-feature bitmap: XCR0 and EDX:EAX.</param>
    /// <returns>False when a fault is pending; nothing is restored then.</returns>
    public bool TryRestore(SegmentName segment, ulong offset, ulong requested)
    {
        byte* area = stackalloc byte[XsaveArea.Length];
        if (!_access.TryReadBytes(segment, offset, new Span<byte>(area, XsaveArea.AvxOffset)))
            return false;
        ulong present = *(ulong*)(area + XsaveArea.HeaderOffset);
        ulong format = *(ulong*)(area + XsaveArea.XcompOffset);
        bool isCompacted = (format & XsaveArea.Compacted) != 0;
        if (!(isCompacted ? IsValidCompacted(area, present, format) : IsValidStandard(area, present, format)))
            return Refuse();

        ulong loaded = requested & present;
        bool loadsMxcsr = isCompacted
            ? (loaded & XsaveArea.Sse) != 0
            : (requested & (XsaveArea.Sse | XsaveArea.Avx)) != 0;
        if (loadsMxcsr && !Mxcsr.IsValid(*(uint*)(area + XsaveArea.MxcsrOffset)))
            return Refuse();
        if ((loaded & XsaveArea.Avx) != 0 && !TryReadUpperHalves(segment, offset, area))
            return false;

        if (loadsMxcsr)
            _state->Mxcsr = *(uint*)(area + XsaveArea.MxcsrOffset);
        else if (isCompacted && (requested & XsaveArea.Sse) != 0)
            _state->Mxcsr = Mxcsr.Initial;
        RestoreComponents(area, requested, present);
        return true;
    }

    private int Registers => (_state->Mode & (uint)ModeFlags.Long) != 0 ? 16 : 8;

    private bool IsValidStandard(byte* area, ulong present, ulong format) =>
        (present & ~_state->Xcr0) == 0 && format == 0 && *(ulong*)(area + XsaveArea.ReservedOffset) == 0;

    private bool IsValidCompacted(byte* area, ulong present, ulong format)
    {
        ulong components = format & ~XsaveArea.Compacted;
        return (components & ~_state->Xcr0) == 0
            && (present & ~components) == 0
            && !new ReadOnlySpan<byte>(area + XsaveArea.ReservedOffset, XsaveArea.AvxOffset - XsaveArea.ReservedOffset)
                .ContainsAnyExcept((byte)0);
    }

    private bool TryReadUpperHalves(SegmentName segment, ulong offset, byte* area) =>
        _access.TryReadBytes(
            segment, offset + XsaveArea.AvxOffset, new Span<byte>(area + XsaveArea.AvxOffset, Registers * 16));

    private void RestoreComponents(byte* area, ulong requested, ulong present)
    {
        if ((requested & XsaveArea.X87) != 0)
        {
            _fpu.Claim();
            if ((present & XsaveArea.X87) != 0)
                _fpu.Load(area);
            else
                _fpu.Reset();
        }

        RestoreHalves(area + XsaveArea.XmmOffset, upper: false, XsaveArea.Sse, requested, present);
        RestoreHalves(area + XsaveArea.AvxOffset, upper: true, XsaveArea.Avx, requested, present);
    }

    private void RestoreHalves(byte* from, bool upper, ulong component, ulong requested, ulong present)
    {
        if ((requested & component) == 0)
            return;
        if ((present & component) != 0)
            VectorFile.LoadHalves(_state, upper, Registers, from);
        else
            VectorFile.ClearHalves(_state, upper, Registers);
    }

    private bool Refuse()
    {
        PendingFault.GeneralProtection(_state);
        return false;
    }
}
