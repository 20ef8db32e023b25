namespace Hearth.Protocol;

/// <summary>Which input device of a guest an event is for; the numbers are those of the guest's process.</summary>
public enum InputTarget
{
    Keyboard = 0,
    Mouse = 1,
    Tablet = 2,
    Touchscreen = 3,
    Gamepad = 4,
}
