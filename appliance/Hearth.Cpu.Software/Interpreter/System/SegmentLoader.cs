namespace Hearth.Cpu.Software;

/// <summary>Loads data and stack segment registers (Intel SDM Vol. 2, MOV; Vol. 3, section 5.6).</summary>
internal sealed unsafe class SegmentLoader
{
    private const uint ModeMask = (uint)(ModeFlags.Protected | ModeFlags.Virtual8086);

    private readonly VcpuState* _state;
    private readonly DescriptorTables _tables;

    public SegmentLoader(VcpuState* state, DescriptorTables tables)
    {
        _state = state;
        _tables = tables;
    }

    /// <summary>Loads ES, SS, DS, FS or GS as MOV, POP and LDS do, and updates the mode.</summary>
    /// <returns>False when a fault is pending.</returns>
    public bool TryLoad(SegmentName name, ushort selector)
    {
        if ((_state->Mode & ModeMask) != (uint)ModeFlags.Protected)
            SetRealOrVirtual(_state, name, selector);
        else if (!(name == SegmentName.SS ? TryLoadStack(selector) : TryLoadData(name, selector)))
            return false;
        ModeState.Update(_state);
        return true;
    }

    /// <summary>Base = 16 times selector. Real mode keeps limit and D/B, which firmware and DOS extenders rely on.</summary>
    public static void SetRealOrVirtual(VcpuState* state, SegmentName name, ushort selector)
    {
        bool isVirtual = (state->SystemFlags & Rflags.Virtual8086) != 0;
        if (isVirtual)
        {
            const ushort Attributes = SegmentAttribute.RealMode | SegmentAttribute.DplMask;
            Segments.Set(state, name, new SegmentRegister(selector, (ulong)selector << 4, 0xFFFF, Attributes));
            return;
        }

        const ushort Kept = SegmentAttribute.Big | SegmentAttribute.Granular;
        ushort attributes = (ushort)((state->SegmentAttributes[(int)name] & Kept) | SegmentAttribute.RealMode);
        Segments.Set(state, name, new SegmentRegister(selector, (ulong)selector << 4, state->SegmentLimit[(int)name], attributes));
    }

    /// <summary>CS in real mode, after a far transfer or an event.</summary>
    public static void SetRealModeCode(VcpuState* state, ushort selector) => SetRealOrVirtual(state, SegmentName.CS, selector);

    /// <summary>A null selector. Its base becomes zero, as on Intel processors.</summary>
    public static void SetNull(VcpuState* state, SegmentName name, ushort selector = 0) =>
        Segments.Set(state, name, new SegmentRegister(selector, 0, 0, SegmentAttribute.Unusable));

    /// <summary>The null SS of 64-bit mode, whose RPL is the privilege level.</summary>
    public static void SetNullStack(VcpuState* state, int cpl)
    {
        ushort attributes = (ushort)(SegmentAttribute.Unusable | (cpl << SegmentAttribute.DplShift));
        Segments.Set(state, SegmentName.SS, new SegmentRegister((ushort)cpl, 0, 0, attributes));
    }

    /// <summary>
    /// On a return to an outer level: forgets data segments which that level may not use (Intel SDM Vol. 2, RET and IRET).
    /// </summary>
    public static void DropInnerData(VcpuState* state, int cpl)
    {
        Drop(state, SegmentName.ES, cpl);
        Drop(state, SegmentName.FS, cpl);
        Drop(state, SegmentName.GS, cpl);
        Drop(state, SegmentName.DS, cpl);
    }

    private static void Drop(VcpuState* state, SegmentName name, int cpl)
    {
        const ushort ConformingCode = SegmentAttribute.Code | SegmentAttribute.DownOrConforming;
        ushort attributes = state->SegmentAttributes[(int)name];
        bool usable = (attributes & SegmentAttribute.Unusable) == 0;
        if (usable && SegmentAttribute.Dpl(attributes) < cpl && (attributes & ConformingCode) != ConformingCode)
            SetNull(state, name);
    }

    private bool TryLoadStack(ushort selector)
    {
        if (DescriptorTables.IsNull(selector))
        {
            bool isLong = (_state->Mode & (uint)ModeFlags.Long) != 0;
            if (!isLong || _state->Cpl == 3 || (selector & 3) != _state->Cpl)
                return Raise(ExceptionVector.GeneralProtection, 0);
            SetNullStack(_state, _state->Cpl);
            return true;
        }

        if (!TryReadStack(selector, _state->Cpl, out SegmentRegister segment))
            return false;
        Segments.Set(_state, SegmentName.SS, segment);
        return true;
    }

    /// <summary>Checks a stack segment that is not null for a privilege level.</summary>
    /// <returns>False when #GP, #SS or #PF is pending.</returns>
    public bool TryReadStack(int selector, int cpl, out SegmentRegister segment)
    {
        segment = default;
        uint error = (uint)selector & 0xFFFC;
        if (!_tables.TryRead(selector, out Descriptor descriptor))
            return false;
        if ((selector & 3) != cpl || descriptor.Dpl != cpl || !descriptor.IsWritableData)
            return Raise(ExceptionVector.GeneralProtection, error);
        if (!descriptor.IsPresent)
            return Raise(ExceptionVector.StackFault, error);
        segment = descriptor.ToSegment(selector);
        return _tables.TrySetAccessed(selector, descriptor);
    }

    private bool TryLoadData(SegmentName name, ushort selector)
    {
        if (DescriptorTables.IsNull(selector))
        {
            SetNull(_state, name, selector);
            return true;
        }

        uint error = selector & 0xFFFCU;
        if (!_tables.TryRead(selector, out Descriptor descriptor))
            return false;
        bool privileged = descriptor.IsConforming || descriptor.Dpl >= Math.Max(selector & 3, _state->Cpl);
        if (!descriptor.IsReadable || !privileged)
            return Raise(ExceptionVector.GeneralProtection, error);
        if (!descriptor.IsPresent)
            return Raise(ExceptionVector.SegmentNotPresent, error);
        if (!_tables.TrySetAccessed(selector, descriptor))
            return false;
        Segments.Set(_state, name, descriptor.ToSegment(selector));
        return true;
    }

    private bool Raise(byte vector, uint error)
    {
        PendingFault.Set(_state, vector, error);
        return false;
    }
}
