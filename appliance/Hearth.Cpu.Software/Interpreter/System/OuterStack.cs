namespace Hearth.Cpu.Software;

/// <summary>The stack that RET and IRET go back to when they leave a privilege level, or in 64-bit mode (Intel SDM Vol. 2, IRET).</summary>
internal sealed unsafe class OuterStack
{
    private readonly VcpuState* _state;
    private readonly SegmentLoader _loader;

    public OuterStack(VcpuState* state, SegmentLoader loader)
    {
        _state = state;
        _loader = loader;
    }

    /// <summary>Checks SS for the level that is returned to.</summary>
    /// <param name="toLong">The code returned to is 64-bit, where levels 0–2 may have a null SS.</param>
    /// <returns>False when #GP, #SS or #PF is pending.</returns>
    public bool TryRead(int selector, int cpl, bool toLong, out SegmentRegister segment)
    {
        segment = new SegmentRegister(
            (ushort)selector, 0, 0, (ushort)(SegmentAttribute.Unusable | (cpl << SegmentAttribute.DplShift)));
        if (!DescriptorTables.IsNull(selector))
            return _loader.TryReadStack(selector, cpl, out segment);
        if (toLong && cpl != 3 && (selector & 3) == cpl)
            return true;
        PendingFault.GeneralProtection(_state);
        return false;
    }

    /// <summary>Loads SS and the stack pointer; CS must have been loaded.</summary>
    public void Load(in SegmentRegister segment, ulong pointer, bool toLong)
    {
        Segments.Set(_state, SegmentName.SS, segment);
        if (toLong)
            _state->Gpr[4] = pointer;
        else if ((segment.Attributes & SegmentAttribute.Big) != 0)
            _state->Gpr[4] = (uint)pointer;
        else
            _state->Gpr[4] = (_state->Gpr[4] & ~0xFFFFUL) | (pointer & 0xFFFF);
    }
}
