namespace Hearth.Cpu.Software;

/// <summary>Reads stack pointers from the current task-state segment (Intel SDM Vol. 3, sections 7.2, 7.6 and 7.7).</summary>
internal sealed unsafe class TaskState
{
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;

    public TaskState(VcpuState* state, GuestAccess access)
    {
        _state = state;
        _access = access;
    }

    /// <summary>True when TR holds a 32-bit TSS.</summary>
    public bool IsWide => (_state->SegmentAttributes[(int)SegmentName.Tr] & SegmentAttribute.Code) != 0;

    /// <summary>RSP0–RSP2 of a 64-bit TSS.</summary>
    /// <returns>False when #TS or #PF is pending.</returns>
    public bool TryReadPrivilegeStack(int cpl, out ulong pointer) => TryReadField(4 + (8 * cpl), 8, out pointer);

    /// <summary>IST1–IST7 of a 64-bit TSS.</summary>
    /// <inheritdoc cref="TryReadPrivilegeStack"/>
    public bool TryReadInterruptStack(int index, out ulong pointer) => TryReadField(36 + (8 * (index - 1)), 8, out pointer);

    /// <summary>SS:ESP of an inner privilege level, from a 32-bit or 16-bit TSS.</summary>
    /// <inheritdoc cref="TryReadPrivilegeStack"/>
    public bool TryReadStack(int cpl, out int selector, out ulong pointer)
    {
        ulong value;
        bool found = IsWide
            ? TryReadField(4 + (8 * cpl), 4, out pointer) & TryReadField(8 + (8 * cpl), 2, out value)
            : TryReadField(2 + (4 * cpl), 2, out pointer) & TryReadField(4 + (4 * cpl), 2, out value);
        selector = (int)value;
        return found;
    }

    private bool TryReadField(int offset, int size, out ulong value)
    {
        value = 0;
        int tr = (int)SegmentName.Tr;
        if ((uint)(offset + size - 1) > _state->SegmentLimit[tr])
        {
            PendingFault.Set(_state, ExceptionVector.InvalidTss, _state->SegmentSelector[tr] & 0xFFFCU);
            return false;
        }

        return _access.TryReadSystem(_state->TrBase + (ulong)offset, size, out value);
    }
}
