namespace Hearth.Cpu.Software;

/// <summary>Reads and writes the registers in a 16-bit or 32-bit TSS (Intel SDM Vol. 3, figures 7-2 and 7-10).</summary>
internal sealed unsafe class TaskImage
{
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;

    public TaskImage(VcpuState* state, GuestAccess access)
    {
        _state = state;
        _access = access;
    }

    /// <summary>The offset of the last byte that a TSS must have.</summary>
    public static uint LastByte(bool wide) => wide ? 0x67U : 0x2BU;

    /// <summary>All that a switch may touch, without touching it.</summary>
    public bool TryProbe(ulong tss, bool wide, MemoryAccess access) => _access.TryProbeSystem(tss, (int)LastByte(wide) + 1, access);

    public bool TryRead(ulong tss, bool wide, out TaskRegisters registers) =>
        wide ? TryReadWide(tss, out registers) : TryReadNarrow(tss, out registers);

    /// <summary>Saves the current registers: EIP, EFLAGS, the general registers and the selectors.</summary>
    public bool TryWrite(ulong tss, bool wide, ulong nextRip, ulong flags)
    {
        int size = wide ? 4 : 2;
        ulong at = tss + (wide ? 0x20U : 0x0EU);
        if (!_access.TryWriteSystem(at, size, nextRip) || !_access.TryWriteSystem(at + (ulong)size, size, flags))
            return false;
        at += 2 * (ulong)size;
        for (int i = 0; i < 8; i++, at += (ulong)size)
        {
            if (!_access.TryWriteSystem(at, size, _state->Gpr[i]))
                return false;
        }

        int segments = wide ? 6 : 4;
        for (int i = 0; i < segments; i++, at += (ulong)size)
        {
            if (!_access.TryWriteSystem(at, 2, _state->SegmentSelector[i]))
                return false;
        }

        return true;
    }

    private bool TryReadWide(ulong tss, out TaskRegisters registers)
    {
        registers = default;
        bool read = _access.TryReadSystem(tss + 0x1C, 4, out registers.Cr3) &
            _access.TryReadSystem(tss + 0x20, 4, out registers.Ip) &
            _access.TryReadSystem(tss + 0x24, 4, out registers.Flags);
        for (int i = 0; i < 8; i++)
            read &= _access.TryReadSystem(tss + 0x28 + (4 * (ulong)i), 4, out registers.General[i]);
        for (int i = 0; i < 6; i++)
            read &= _access.TryReadSystem(tss + 0x48 + (4 * (ulong)i), 2, out registers.Selectors[i]);
        read &= _access.TryReadSystem(tss + 0x60, 2, out ulong ldt) & _access.TryReadSystem(tss + 0x64, 2, out ulong trap);
        registers.Ldt = (ushort)ldt;
        registers.TrapWord = (ushort)trap;
        return read;
    }

    private bool TryReadNarrow(ulong tss, out TaskRegisters registers)
    {
        registers = default;
        bool read = _access.TryReadSystem(tss + 0x0E, 2, out registers.Ip) & _access.TryReadSystem(tss + 0x10, 2, out registers.Flags);
        for (int i = 0; i < 8; i++)
            read &= _access.TryReadSystem(tss + 0x12 + (2 * (ulong)i), 2, out registers.General[i]);
        for (int i = 0; i < 4; i++)
            read &= _access.TryReadSystem(tss + 0x22 + (2 * (ulong)i), 2, out registers.Selectors[i]);
        read &= _access.TryReadSystem(tss + 0x2A, 2, out ulong ldt);
        registers.Ldt = (ushort)ldt;
        return read;
    }
}
