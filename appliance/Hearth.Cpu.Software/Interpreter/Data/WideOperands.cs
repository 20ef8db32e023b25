namespace Hearth.Cpu.Software;

/// <summary>Checks of operands longer than 8 bytes, whose alignment rules are their own (Intel SDM Vol. 3, section 6.15, #AC).</summary>
internal sealed unsafe class WideOperands
{
    // SAFETY: the state block outlives the interpreter.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly Mmu _mmu;

    public WideOperands(VcpuState* state, GuestAccess access, Mmu mmu)
    {
        _state = state;
        _access = access;
        _mmu = mmu;
    }

    /// <summary>Segmentation, and the alignment check that RFLAGS.AC asks for at CPL 3.</summary>
    /// <param name="alignment">Bytes, a power of two.</param>
    /// <returns>False when #GP(0), #SS(0) or #AC(0) is pending.</returns>
    public bool TryCheck(SegmentName segment, ulong offset, int length, MemoryAccess access, int alignment) =>
        _access.TryLinear(segment, offset, length, access, out ulong linear) && TryCheckAlignment(linear, alignment);

    /// <summary>
    /// As <see cref="TryCheck"/>, for an operand that must always be aligned: #GP(0) comes before all else, or #AC where
    /// alignment is checked and not even a doubleword is aligned.
    /// </summary>
    public bool TryRequire(SegmentName segment, ulong offset, int length, MemoryAccess access, int alignment)
    {
        bool inside = _access.TryLinear(segment, offset, length, access, out ulong linear);
        if (IsAligned(linear, alignment))
            return inside;
        if (TryCheckAlignment(linear, 4))
            PendingFault.GeneralProtection(_state);
        return false;
    }

    /// <summary>All checks of a write but alignment; nothing is written.</summary>
    public bool TryProbeWrite(SegmentName segment, ulong offset, int length) =>
        _access.TryLinear(segment, offset, length, MemoryAccess.Write, out ulong linear)
        && _mmu.TryTranslate(linear, MemoryAccess.Write, out _)
        && _mmu.TryTranslate(linear + (ulong)(length - 1), MemoryAccess.Write, out _);

    private bool TryCheckAlignment(ulong linear, int alignment)
    {
        if (IsAligned(linear, alignment) || (_state->Mode & (uint)ModeFlags.AlignmentCheck) == 0)
            return true;
        PendingFault.Set(_state, ExceptionVector.AlignmentCheck, 0);
        return false;
    }

    private static bool IsAligned(ulong linear, int alignment) => (linear & (ulong)(alignment - 1)) == 0;
}
