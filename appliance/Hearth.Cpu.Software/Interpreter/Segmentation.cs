namespace Hearth.Cpu.Software;

/// <summary>From segment and offset to linear address: types, limits, canonical form (Intel SDM Vol. 3, sections 5.3 and 5.4).</summary>
internal sealed unsafe class Segmentation
{
    private readonly VcpuState* _state;

    public Segmentation(VcpuState* state) => _state = state;

    private bool IsLong => (_state->Mode & (uint)ModeFlags.Long) != 0;

    /// <summary>True for an address of 4-level paging: bits 47–63 are alike.</summary>
    public static bool IsCanonical(ulong linear) => (ulong)((long)(linear << 16) >> 16) == linear;

    /// <summary>A linear address as the mode has them: 32 bits outside 64-bit code.</summary>
    public ulong Wrap(ulong linear) => IsLong ? linear : (uint)linear;

    /// <returns>False when #GP(0) is pending, or #SS(0) for the stack segment.</returns>
    public bool TryLinear(SegmentName segment, ulong offset, int size, MemoryAccess access, out ulong linear)
    {
        linear = offset;
        if (IsLong)
        {
            if (segment is SegmentName.FS or SegmentName.GS)
                linear += _state->SegmentBase[(int)segment];
            return (IsCanonical(linear) && IsCanonical(linear + (ulong)(size - 1))) || Raise(segment);
        }

        linear = (uint)(offset + _state->SegmentBase[(int)segment]);
        if ((_state->Mode & ((uint)ModeFlags.EsChecked << (int)segment)) == 0 && segment != SegmentName.CS)
            return true;
        return (AllowsType(segment, access) && IsWithin(segment, offset, size)) || Raise(segment);
    }

    /// <summary>The linear address of an instruction byte.</summary>
    /// <param name="available">How many bytes the limit leaves from there, at most 15.</param>
    /// <returns>False when #GP(0) is pending.</returns>
    public bool TryFetch(ulong rip, out ulong linear, out int available)
    {
        available = 15;
        if (IsLong)
        {
            linear = rip;
            return IsCanonical(rip) || Raise(SegmentName.CS);
        }

        linear = (uint)(rip + _state->SegmentBase[(int)SegmentName.CS]);
        uint limit = _state->SegmentLimit[(int)SegmentName.CS];
        if (rip > limit)
            return Raise(SegmentName.CS);
        available = (int)Math.Min(14, limit - rip) + 1;
        return true;
    }

    private bool AllowsType(SegmentName segment, MemoryAccess access)
    {
        if ((_state->Mode & (uint)(ModeFlags.Protected | ModeFlags.Virtual8086)) != (uint)ModeFlags.Protected)
            return true;
        ushort attributes = _state->SegmentAttributes[(int)segment];
        if ((attributes & SegmentAttribute.Unusable) != 0)
            return false;
        bool code = (attributes & SegmentAttribute.Code) != 0;
        bool readWrite = (attributes & SegmentAttribute.ReadWrite) != 0;
        return access switch
        {
            MemoryAccess.Read => !code || readWrite,
            MemoryAccess.Write => !code && readWrite,
            _ => code,
        };
    }

    private bool IsWithin(SegmentName segment, ulong offset, int size)
    {
        uint limit = _state->SegmentLimit[(int)segment];
        ushort attributes = _state->SegmentAttributes[(int)segment];
        ulong last = offset + (ulong)(size - 1);
        bool down = (attributes & (SegmentAttribute.Code | SegmentAttribute.DownOrConforming)) == SegmentAttribute.DownOrConforming;
        if (!down)
            return last <= limit;
        ulong top = (attributes & SegmentAttribute.Big) != 0 ? uint.MaxValue : ushort.MaxValue;
        return offset > limit && last <= top;
    }

    private bool Raise(SegmentName segment)
    {
        PendingFault.Set(_state, segment == SegmentName.SS ? ExceptionVector.StackFault : ExceptionVector.GeneralProtection, 0);
        return false;
    }
}
