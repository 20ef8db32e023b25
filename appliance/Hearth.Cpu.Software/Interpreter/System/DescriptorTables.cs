namespace Hearth.Cpu.Software;

/// <summary>Reads descriptors from the GDT and LDT, and keeps their accessed and busy bits (Intel SDM Vol. 3, section 3.5.1).</summary>
internal sealed unsafe class DescriptorTables
{
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;

    public DescriptorTables(VcpuState* state, GuestAccess access)
    {
        _state = state;
        _access = access;
    }

    /// <summary>A selector whose index and table bits are zero.</summary>
    public static bool IsNull(int selector) => (selector & 0xFFFC) == 0;

    /// <summary>Reads the descriptor of a selector that is not null.</summary>
    /// <param name="vector">What is raised, with the selector as its error code, when it lies past the table's limit.</param>
    /// <returns>False when a fault is pending.</returns>
    public bool TryRead(int selector, out Descriptor descriptor, byte vector = ExceptionVector.GeneralProtection)
    {
        descriptor = default;
        if (!TryLocate(selector, 8, out ulong at))
        {
            PendingFault.Set(_state, vector, (uint)selector & 0xFFFC);
            return false;
        }

        if (!_access.TryReadSystem(at, 8, out ulong raw))
            return false;
        descriptor = new Descriptor(raw);
        return true;
    }

    /// <summary>Reads the upper half of a 16-byte descriptor of long mode: base bits 32–63, and zero where a type would be.</summary>
    /// <inheritdoc cref="TryRead"/>
    public bool TryReadUpper(int selector, out uint upper, byte vector = ExceptionVector.GeneralProtection)
    {
        upper = 0;
        if (!TryLocate(selector, 16, out ulong at))
        {
            PendingFault.Set(_state, vector, (uint)selector & 0xFFFC);
            return false;
        }

        if (!_access.TryReadSystem(at + 8, 8, out ulong raw))
            return false;
        upper = (uint)raw;
        if (((raw >> 40) & 0x1F) == 0)
            return true;
        PendingFault.Set(_state, vector, (uint)selector & 0xFFFC);
        return false;
    }

    /// <summary>As <see cref="TryRead"/> for LAR, LSL, VERR and VERW: a selector past the limit raises nothing.</summary>
    /// <param name="found">False when the selector names no descriptor.</param>
    public bool TryInspect(int selector, out Descriptor descriptor, out bool found)
    {
        descriptor = default;
        found = !IsNull(selector) && TryLocate(selector, 8, out _);
        return !found || TryRead(selector, out descriptor);
    }

    /// <summary>Sets the accessed bit in the table when it is clear.</summary>
    public bool TrySetAccessed(int selector, in Descriptor descriptor)
    {
        if ((descriptor.Type & SegmentAttribute.Accessed) != 0)
            return true;
        return TryLocate(selector, 8, out ulong at) &&
            _access.TryWriteSystem(at + 5, 1, (descriptor.Attributes & 0xFFUL) | SegmentAttribute.Accessed);
    }

    /// <summary>Sets or clears the busy bit of a TSS descriptor.</summary>
    public bool TrySetBusy(int selector, bool busy)
    {
        if (!TryLocate(selector, 8, out ulong at) || !_access.TryReadSystem(at + 5, 1, out ulong type))
            return false;
        ulong wanted = busy ? type | Descriptor.BusyBit : type & ~(ulong)Descriptor.BusyBit;
        return _access.TryWriteSystem(at + 5, 1, wanted);
    }

    /// <summary>The linear address of a descriptor; false when its last byte lies past the limit, or there is no LDT.</summary>
    private bool TryLocate(int selector, int size, out ulong address)
    {
        int offset = selector & 0xFFF8;
        bool local = (selector & 4) != 0;
        address = (local ? _state->LdtrBase : _state->GdtrBase) + (ulong)offset;
        if ((_state->Efer & ControlRegister.EferLongModeActive) == 0)
            address = (uint)address;
        if (!local)
            return offset + size - 1 <= _state->GdtrLimit;
        bool usable = (_state->SegmentAttributes[(int)SegmentName.Ldtr] & SegmentAttribute.Unusable) == 0;
        return usable && (uint)(offset + size - 1) <= _state->SegmentLimit[(int)SegmentName.Ldtr];
    }
}
