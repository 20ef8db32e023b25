namespace Hearth.Cpu.Software;

/// <summary>
/// A stack that values are pushed to or popped from before the registers change: an instruction that faults half-way
/// leaves no trace in them.
/// </summary>
internal unsafe struct GuestStack
{
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly SegmentRegister _segment;
    private readonly ulong _mask;
    private readonly int _tlbMode;
    private readonly uint _error;
    private readonly bool _long;
    private readonly bool _checksAlignment;

    private GuestStack(
        VcpuState* state, GuestAccess access, in SegmentRegister segment, ulong pointer, int tlbMode, bool isLong, uint error,
        bool checksAlignment = false)
    {
        _state = state;
        _access = access;
        _segment = segment;
        _tlbMode = tlbMode;
        _long = isLong;
        _error = error;
        _checksAlignment = checksAlignment;
        _mask = isLong ? ulong.MaxValue : (segment.Attributes & SegmentAttribute.Big) != 0 ? uint.MaxValue : ushort.MaxValue;
        Pointer = pointer & _mask;
    }

    /// <summary>RSP, ESP or SP.</summary>
    public ulong Pointer { get; private set; }

    /// <summary>SS:RSP as they are.</summary>
    public static GuestStack Current(VcpuState* state, GuestAccess access)
    {
        bool isLong = (state->Mode & (uint)ModeFlags.Long) != 0;
        SegmentRegister segment = Segments.Get(state, SegmentName.SS);
        return new GuestStack(state, access, segment, state->Gpr[4], TlbMode.Of((ModeFlags)state->Mode), isLong, 0, checksAlignment: true);
    }

    /// <summary>A stack of another privilege level outside 64-bit mode; #SS names its selector.</summary>
    public static GuestStack Outside64(VcpuState* state, GuestAccess access, in SegmentRegister segment, ulong pointer, int cpl) =>
        new(state, access, segment, pointer, ModeOf(state, cpl), isLong: false, (uint)segment.Selector & 0xFFFC);

    /// <summary>A stack of 64-bit mode.</summary>
    public static GuestStack Long(VcpuState* state, GuestAccess access, ulong pointer, int cpl) =>
        new(state, access, default, pointer, ModeOf(state, cpl), isLong: true, 0);

    /// <returns>False when a fault is pending.</returns>
    public bool TryPush(int size, ulong value) => TryPush(size, size, value);

    /// <summary>PUSH of a segment register: an operand of 32 bits writes its lower 16 only, as Intel's processors do.</summary>
    /// <returns>False when a fault is pending.</returns>
    public bool TryPushSelector(int size, ushort selector) => TryPush(size, size == 4 ? 2 : size, selector);

    /// <returns>False when a fault is pending.</returns>
    public bool TryPop(int size, out ulong value)
    {
        value = 0;
        if (!TryLinear(Pointer, size, out ulong linear) || !IsAligned(linear, size) || !_access.TryReadAs(linear, size, _tlbMode, out value))
            return false;
        Pointer = (Pointer + (ulong)size) & _mask;
        return true;
    }

    /// <summary>Pops a slot and reads only the selector in its lower 16 bits, as Intel's processors do in far returns and for pops of segment registers.</summary>
    /// <returns>False when a fault is pending.</returns>
    public bool TryPopSelector(int size, out ushort selector)
    {
        selector = 0;
        if (!TryPeek(0, 2, out ulong value))
            return false;
        selector = (ushort)value;
        Pointer = (Pointer + (ulong)size) & _mask;
        return true;
    }

    /// <summary>Reads a value without popping it.</summary>
    /// <param name="offset">Bytes above the top of the stack.</param>
    public readonly bool TryPeek(int offset, int size, out ulong value)
    {
        value = 0;
        return TryLinear((Pointer + (ulong)offset) & _mask, size, out ulong linear) && IsAligned(linear, size) &&
            _access.TryReadAs(linear, size, _tlbMode, out value);
    }

    private bool TryPush(int size, int written, ulong value)
    {
        ulong pointer = (Pointer - (ulong)size) & _mask;
        if (!TryLinear(pointer, written, out ulong linear) || !IsAligned(linear, written) || !_access.TryWriteAs(linear, written, _tlbMode, value))
            return false;
        Pointer = pointer;
        return true;
    }

    private readonly bool IsAligned(ulong linear, int size) => !_checksAlignment || _access.IsAligned(linear, size);

    /// <summary>Drops bytes without looking at them (RET imm16).</summary>
    public void Release(int bytes) => Pointer = (Pointer + (ulong)bytes) & _mask;

    /// <summary>Writes the pointer to RSP, ESP or SP; the bits above a 16-bit pointer stay.</summary>
    public readonly void Commit() => _state->Gpr[4] = _mask == ushort.MaxValue ? (_state->Gpr[4] & ~_mask) | Pointer : Pointer;

    /// <summary>Pushes for another privilege level count as explicit accesses of that level; SMAP guards them (AC is about to be cleared).</summary>
    private static int ModeOf(VcpuState* state, int cpl)
    {
        if (cpl == 3)
            return TlbMode.User;
        return (state->Cr4 & ControlRegister.Cr4Smap) != 0 ? TlbMode.GuardedSupervisor : TlbMode.Supervisor;
    }

    private readonly bool TryLinear(ulong offset, int size, out ulong linear)
    {
        ulong last = offset + (ulong)(size - 1);
        if (_long)
        {
            linear = offset;
            return (Segmentation.IsCanonical(offset) && Segmentation.IsCanonical(last)) || RaiseStackFault();
        }

        linear = (uint)(offset + _segment.Base);
        bool down = (_segment.Attributes & SegmentAttribute.DownOrConforming) != 0;
        bool within = down ? offset > _segment.Limit && last <= _mask : last <= _segment.Limit;
        return within || RaiseStackFault();
    }

    private readonly bool RaiseStackFault()
    {
        PendingFault.Set(_state, ExceptionVector.StackFault, _error);
        return false;
    }
}
