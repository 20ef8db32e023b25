namespace Hearth.Cpu;

/// <summary>An event between its acceptance and the first instruction of its handler.</summary>
public readonly record struct PendingEvent(PendingEventKind Kind, byte Vector, bool HasErrorCode = false, uint ErrorCode = 0);

/// <summary>What a <see cref="PendingEvent"/> is.</summary>
public enum PendingEventKind
{
    None,

    /// <summary>Of the local APIC, which has it in service, or of the PIC.</summary>
    Interrupt,

    /// <summary>Found by the processor; CR2 or DR6 already says where or why.</summary>
    Exception,
}
