using Hearth.Machine;

namespace Hearth.Devices.Virtio.Input;

/// <summary>The input devices a guest can have.</summary>
internal static class InputProfileTable
{
    /// <summary>The size of a tablet and of a touch screen in its own units.</summary>
    private const int Extent = 0x7FFF;

    private const int Fingers = 10;
    private const byte PropertyDirect = 1 << 1;

    // KEY_ESC to KEY_MICMUTE: everything a keyboard or a remote control may have.
    private const int FirstKey = 1;
    private const int LastKey = 248;

    private static readonly InputProfile s_keyboard = new(
        InputDeviceKind.Keyboard, "Hearth Keyboard", 1, 0x090000, [.. Enumerable.Range(FirstKey, LastKey - FirstKey + 1).Select(key => (ushort)key)]);

    private static readonly InputProfile s_mouse = new(
        InputDeviceKind.Mouse,
        "Hearth Mouse",
        2,
        0x090200,
        [InputCode.ButtonLeft, InputCode.ButtonRight, InputCode.ButtonMiddle, InputCode.ButtonSide, InputCode.ButtonExtra])
    {
        Relative = [InputCode.RelativeX, InputCode.RelativeY, InputCode.RelativeHorizontalWheel, InputCode.RelativeWheel],
    };

    private static readonly InputProfile s_tablet = new(
        InputDeviceKind.Tablet,
        "Hearth Tablet",
        3,
        0x098000,
        [InputCode.ButtonLeft, InputCode.ButtonRight, InputCode.ButtonMiddle, InputCode.ButtonSide, InputCode.ButtonExtra])
    {
        Relative = [InputCode.RelativeHorizontalWheel, InputCode.RelativeWheel],
        Axes = [new(InputCode.AbsoluteX, 0, Extent), new(InputCode.AbsoluteY, 0, Extent)],
    };

    private static readonly InputProfile s_touchscreen = new(InputDeviceKind.Touchscreen, "Hearth Touchscreen", 4, 0x098000, [InputCode.ButtonTouch])
    {
        Axes =
        [
            new(InputCode.AbsoluteX, 0, Extent), new(InputCode.AbsoluteY, 0, Extent),
            new(InputCode.TouchSlot, 0, Fingers - 1), new(InputCode.TouchX, 0, Extent), new(InputCode.TouchY, 0, Extent),
            new(InputCode.TouchTrackingId, 0, ushort.MaxValue),
        ],
        Properties = PropertyDirect,
    };

    private static readonly InputProfile s_gamepad = new(
        InputDeviceKind.Gamepad,
        "Hearth Gamepad",
        5,
        0x098000,
        [
            InputCode.ButtonSouth, InputCode.ButtonEast, InputCode.ButtonNorth, InputCode.ButtonWest, InputCode.ButtonLeftShoulder, InputCode.ButtonRightShoulder,
            InputCode.ButtonSelect, InputCode.ButtonStart, InputCode.ButtonMode, InputCode.ButtonLeftStick, InputCode.ButtonRightStick,
        ])
    {
        Axes =
        [
            Stick(InputCode.AbsoluteX), Stick(InputCode.AbsoluteY), Stick(InputCode.AbsoluteRightX), Stick(InputCode.AbsoluteRightY),
            new(InputCode.AbsoluteZ, 0, byte.MaxValue, ReturnsToRest: true), new(InputCode.AbsoluteRightZ, 0, byte.MaxValue, ReturnsToRest: true),
            new(InputCode.AbsoluteHatX, -1, 1, ReturnsToRest: true), new(InputCode.AbsoluteHatY, -1, 1, ReturnsToRest: true),
        ],
    };

    public static InputProfile Of(InputDeviceKind kind) => kind switch
    {
        InputDeviceKind.Keyboard => s_keyboard,
        InputDeviceKind.Mouse => s_mouse,
        InputDeviceKind.Tablet => s_tablet,
        InputDeviceKind.Touchscreen => s_touchscreen,
        _ => s_gamepad,
    };

    private static AbsoluteAxis Stick(ushort code) => new(code, short.MinValue, short.MaxValue, Fuzz: 16, Flat: 128, ReturnsToRest: true);
}
