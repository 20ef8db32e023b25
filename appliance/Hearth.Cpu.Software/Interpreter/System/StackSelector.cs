namespace Hearth.Cpu.Software;

/// <summary>Checks the stack segment of an inner privilege level, for gates (Intel SDM Vol. 3, section 5.8.5).</summary>
internal sealed unsafe class StackSelector
{
    private readonly VcpuState* _state;
    private readonly DescriptorTables _tables;

    public StackSelector(VcpuState* state, DescriptorTables tables)
    {
        _state = state;
        _tables = tables;
    }

    /// <param name="selector">From the TSS.</param>
    /// <param name="cpl">The level that is entered.</param>
    /// <returns>False when #TS, #SS or #PF is pending.</returns>
    public bool TryLoad(int selector, int cpl, out SegmentRegister segment)
    {
        segment = default;
        uint error = (uint)selector & 0xFFFC;
        if (DescriptorTables.IsNull(selector))
            return Raise(ExceptionVector.InvalidTss, 0);
        if (!_tables.TryRead(selector, out Descriptor descriptor, ExceptionVector.InvalidTss))
            return false;
        if ((selector & 3) != cpl || descriptor.Dpl != cpl || !descriptor.IsWritableData)
            return Raise(ExceptionVector.InvalidTss, error);
        if (!descriptor.IsPresent)
            return Raise(ExceptionVector.StackFault, error);
        segment = descriptor.ToSegment(selector);
        return _tables.TrySetAccessed(selector, descriptor);
    }

    private bool Raise(byte vector, uint error)
    {
        PendingFault.Set(_state, vector, error);
        return false;
    }
}
