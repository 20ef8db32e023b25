namespace Hearth.Cpu.Software;

/// <summary>Loads the segment registers of a task that has just been entered; what is wrong with them is a fault of that task.</summary>
internal sealed unsafe class TaskSegments
{
    private readonly VcpuState* _state;
    private readonly DescriptorTables _tables;

    public TaskSegments(VcpuState* state, DescriptorTables tables)
    {
        _state = state;
        _tables = tables;
    }

    /// <returns>False when #TS, #NP, #SS or #PF is pending.</returns>
    public bool TryLoad(in TaskRegisters registers)
    {
        // Until each is loaded, a register holds its selector and nothing usable.
        for (int i = 0; i < 6; i++)
            SegmentLoader.SetNull(_state, (SegmentName)i, (ushort)registers.Selectors[i]);
        SegmentLoader.SetNull(_state, SegmentName.Ldtr, registers.Ldt);
        if ((_state->SystemFlags & Rflags.Virtual8086) != 0)
        {
            _state->Cpl = 3;
            for (int i = 0; i < 6; i++)
                SegmentLoader.SetRealOrVirtual(_state, (SegmentName)i, (ushort)registers.Selectors[i]);
            ModeState.Update(_state);
            return TryLoadLdt(registers.Ldt);
        }

        _state->Cpl = (byte)(registers.Selectors[(int)SegmentName.CS] & 3);
        ModeState.Update(_state);
        return TryLoadLdt(registers.Ldt) &&
            TryLoadCode((int)registers.Selectors[(int)SegmentName.CS]) &&
            TryLoadStack((int)registers.Selectors[(int)SegmentName.SS]) &&
            TryLoadData(SegmentName.ES, (int)registers.Selectors[(int)SegmentName.ES]) &&
            TryLoadData(SegmentName.DS, (int)registers.Selectors[(int)SegmentName.DS]) &&
            TryLoadData(SegmentName.FS, (int)registers.Selectors[(int)SegmentName.FS]) &&
            TryLoadData(SegmentName.GS, (int)registers.Selectors[(int)SegmentName.GS]);
    }

    private bool TryLoadLdt(int selector)
    {
        if (DescriptorTables.IsNull(selector))
            return true;
        if ((selector & 4) != 0)
            return Raise(ExceptionVector.InvalidTss, selector);
        if (!_tables.TryRead(selector, out Descriptor descriptor, ExceptionVector.InvalidTss))
            return false;
        if (descriptor.SystemType != Descriptor.Ldt || !descriptor.IsPresent)
            return Raise(ExceptionVector.InvalidTss, selector);
        Segments.Set(_state, SegmentName.Ldtr, descriptor.ToSegment(selector));
        return true;
    }

    private bool TryLoadCode(int selector)
    {
        if (!TryRead(selector, out Descriptor descriptor))
            return false;
        int rpl = selector & 3;
        bool privileged = descriptor.IsConforming ? descriptor.Dpl <= rpl : descriptor.Dpl == rpl;
        if (!descriptor.IsCode || !privileged)
            return Raise(ExceptionVector.InvalidTss, selector);
        return TrySet(SegmentName.CS, selector, descriptor, ExceptionVector.SegmentNotPresent);
    }

    private bool TryLoadStack(int selector)
    {
        if (!TryRead(selector, out Descriptor descriptor))
            return false;
        int cpl = _state->Cpl;
        if (!descriptor.IsWritableData || descriptor.Dpl != cpl || (selector & 3) != cpl)
            return Raise(ExceptionVector.InvalidTss, selector);
        return TrySet(SegmentName.SS, selector, descriptor, ExceptionVector.StackFault);
    }

    private bool TryLoadData(SegmentName name, int selector)
    {
        if (DescriptorTables.IsNull(selector))
            return true;
        if (!TryRead(selector, out Descriptor descriptor))
            return false;
        bool privileged = descriptor.IsConforming || descriptor.Dpl >= Math.Max(selector & 3, _state->Cpl);
        if (!descriptor.IsReadable || !privileged)
            return Raise(ExceptionVector.InvalidTss, selector);
        return TrySet(name, selector, descriptor, ExceptionVector.SegmentNotPresent);
    }

    private bool TryRead(int selector, out Descriptor descriptor)
    {
        descriptor = default;
        if (DescriptorTables.IsNull(selector))
            return Raise(ExceptionVector.InvalidTss, selector);
        return _tables.TryRead(selector, out descriptor, ExceptionVector.InvalidTss);
    }

    private bool TrySet(SegmentName name, int selector, in Descriptor descriptor, byte absent)
    {
        if (!descriptor.IsPresent)
            return Raise(absent, selector);
        if (!_tables.TrySetAccessed(selector, descriptor))
            return false;
        Segments.Set(_state, name, descriptor.ToSegment(selector));
        ModeState.Update(_state);
        return true;
    }

    private bool Raise(byte vector, int selector)
    {
        PendingFault.Set(_state, vector, (uint)selector & 0xFFFC);
        return false;
    }
}
