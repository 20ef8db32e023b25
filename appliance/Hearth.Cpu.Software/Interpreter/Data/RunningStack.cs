namespace Hearth.Cpu.Software;

/// <summary>
/// The stack as ordinary instructions of the running code use it, alignment checks included (Intel SDM Vol. 1, section 6.2).
/// Pushes and pops move a pointer that the caller holds, so that an instruction that faults half-way leaves RSP as it was.
/// </summary>
internal sealed unsafe class RunningStack
{
    // SAFETY: the state block outlives the interpreter.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;

    public RunningStack(VcpuState* state, GuestAccess access)
    {
        _state = state;
        _access = access;
    }

    /// <summary>Bytes of RSP that count: 2, 4 or 8.</summary>
    public int AddressSize
    {
        get
        {
            var mode = (ModeFlags)_state->Mode;
            if ((mode & ModeFlags.Long) != 0)
                return 8;
            return (mode & ModeFlags.Stack32) != 0 ? 4 : 2;
        }
    }

    /// <summary>SP, ESP or RSP.</summary>
    public ulong Pointer
    {
        get => OperandAccess.Read(_state, GeneralRegister.Rsp, AddressSize);
        set => OperandAccess.Write(_state, GeneralRegister.Rsp, AddressSize, value);
    }

    /// <summary>An offset plus a distance, wrapped as the stack pointer wraps.</summary>
    public ulong Wrap(ulong offset) => offset & OperandAccess.Mask(AddressSize);

    public bool TryPush(ref ulong pointer, int size, ulong value)
    {
        ulong below = Wrap(pointer - (ulong)size);
        if (!_access.TryWrite(SegmentName.SS, below, size, value & OperandAccess.Mask(size)))
            return false;
        pointer = below;
        return true;
    }

    public bool TryPop(ref ulong pointer, int size, out ulong value)
    {
        if (!_access.TryRead(SegmentName.SS, pointer, size, out value))
            return false;
        pointer = Wrap(pointer + (ulong)size);
        return true;
    }

    /// <summary>Checks that a number of equal pushes can be done.</summary>
    public bool TryProbePushes(ulong pointer, int size, int count)
    {
        for (int i = 0; i < count; i++)
        {
            pointer = Wrap(pointer - (ulong)size);
            if (!_access.TryProbeWrite(SegmentName.SS, pointer, size))
                return false;
        }

        return true;
    }
}
