namespace Hearth.Cpu.Software;

/// <summary>
/// Whether the running code may reach an I/O port: IOPL and the TSS's permission bit map (Intel SDM Vol. 1, section 19.5).
/// </summary>
internal sealed unsafe class PortPermission
{
    private const uint MapBaseOffset = 102;

    // SAFETY: the state block outlives the interpreter.
    private readonly VcpuState* _state;
    private readonly GuestAccess _access;

    public PortPermission(VcpuState* state, GuestAccess access)
    {
        _state = state;
        _access = access;
    }

    /// <param name="size">1, 2 or 4 ports from <paramref name="port"/> on.</param>
    /// <returns>False when #GP(0), or a fault from reading the TSS, is pending.</returns>
    public bool TryAllow(ushort port, int size)
    {
        var mode = (ModeFlags)_state->Mode;
        if ((mode & ModeFlags.Protected) == 0)
            return true;
        return (mode & ModeFlags.IoPrivileged) != 0 || TryAllowByMap(port, size);
    }

    private bool TryAllowByMap(ushort port, int size)
    {
        uint limit = _state->SegmentLimit[(int)SegmentName.Tr];
        if (!HasMap || limit < MapBaseOffset + 1)
            return Refuse();
        if (!_access.TryReadSystem(_state->TrBase + MapBaseOffset, 2, out ulong mapBase))
            return false;

        // Two bytes are always read, so the map must end in a byte of ones within the limit.
        ulong offset = mapBase + ((ulong)port >> 3);
        if (offset + 1 > limit)
            return Refuse();
        if (!_access.TryReadSystem(_state->TrBase + offset, 2, out ulong bits))
            return false;
        ulong mask = (1UL << size) - 1;
        return ((bits >> (port & 7)) & mask) == 0 || Refuse();
    }

    /// <summary>A 32-bit or 64-bit TSS, available or busy; a 16-bit one has no map, and all ports are closed.</summary>
    private bool HasMap => (_state->SegmentAttributes[(int)SegmentName.Tr] & 0xD) == 0x9;

    private bool Refuse()
    {
        PendingFault.GeneralProtection(_state);
        return false;
    }
}
