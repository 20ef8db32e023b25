namespace Hearth.Machine;

/// <summary>Types of input events (linux/input-event-codes.h, EV_*).</summary>
public static class InputEventType
{
    /// <summary>Ends a report.</summary>
    public const ushort Synchronize = 0x00;

    public const ushort Key = 0x01;

    public const ushort Relative = 0x02;

    public const ushort Absolute = 0x03;

    public const ushort Light = 0x11;

    /// <summary>The guest repeats keys that are held down by itself.</summary>
    public const ushort Repeat = 0x14;
}
