namespace Hearth.Machine;

/// <summary>What a person's hands are on.</summary>
public enum InputDeviceKind
{
    Keyboard,

    /// <summary>Relative movement, buttons and wheels.</summary>
    Mouse,

    /// <summary>A pointer with absolute coordinates, as a remote screen or a window has it.</summary>
    Tablet,

    /// <summary>Several fingers, each in a slot of its own (multi-touch protocol B).</summary>
    Touchscreen,

    Gamepad,
}
