namespace Hearth.Cpu.Software;

/// <summary>Events in real-address mode: four bytes a vector, and no error codes (Intel SDM Vol. 3, section 20.1.4).</summary>
internal sealed unsafe class RealModeDelivery
{
    private const ulong Cleared = Rflags.InterruptEnable | Rflags.Trap | Rflags.AlignmentCheck | Rflags.Resume;

    private readonly VcpuState* _state;
    private readonly GuestAccess _access;

    public RealModeDelivery(VcpuState* state, GuestAccess access)
    {
        _state = state;
        _access = access;
    }

    /// <returns>False when a fault is pending.</returns>
    public bool TryDeliver(in GuestEvent one)
    {
        uint entry = one.Vector * 4U;
        if (entry + 3 > _state->IdtrLimit)
        {
            PendingFault.GeneralProtection(_state, one.GateError);
            return false;
        }

        GuestStack stack = GuestStack.Current(_state, _access);
        ushort code = _state->SegmentSelector[(int)SegmentName.CS];
        if (!_access.TryReadSystem(_state->IdtrBase + entry, 4, out ulong vector) ||
            !stack.TryPush(2, one.Rflags) || !stack.TryPush(2, code) || !stack.TryPush(2, _state->Rip))
        {
            return false;
        }

        stack.Commit();
        Rflags.Change(_state, 0, Cleared);
        _state->Rip = vector & 0xFFFF;
        SegmentLoader.SetRealModeCode(_state, (ushort)(vector >> 16));
        return true;
    }
}
