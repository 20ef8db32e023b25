namespace Hearth.Doctor.Facts;

/// <summary>What an input device is for.</summary>
internal enum InputKind
{
    /// <summary>A lid, a jack, an accelerometer: nobody types on it.</summary>
    Other,
    Buttons,
    Keyboard,
    Mouse,
    Touchpad,
    Touchscreen,
    Tablet,
    Gamepad,
}
