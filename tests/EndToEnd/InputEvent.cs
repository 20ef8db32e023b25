namespace Hearth.EndToEnd.Tests;

/// <summary>An event of Linux's evdev, in the numbers of its input-event-codes.h.</summary>
internal readonly record struct InputEvent(ushort Type, ushort Code, int Value)
{
    public const ushort Synchronization = 0;
    public const ushort Key = 1;
    public const ushort Relative = 2;
    public const ushort Absolute = 3;
    public const ushort Miscellaneous = 4;
}
