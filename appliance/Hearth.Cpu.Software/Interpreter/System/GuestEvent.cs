namespace Hearth.Cpu.Software;

/// <summary>One event on its way to the guest's handler.</summary>
/// <param name="Rflags">What is pushed.</param>
internal readonly record struct GuestEvent(EventKind Kind, byte Vector, bool HasError, uint Error, ulong Rflags)
{
    /// <summary>The error code of a fault that concerns the event's gate: its index, with the IDT bit.</summary>
    public uint GateError => (Vector * 8U) | 2;

    /// <summary>INT n, INT3 and INTO may only use gates that their privilege level reaches.</summary>
    public bool ChecksPrivilege => Kind == EventKind.SoftwareInterrupt;
}
