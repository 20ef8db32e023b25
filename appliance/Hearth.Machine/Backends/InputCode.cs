namespace Hearth.Machine;

/// <summary>Codes of keys, buttons and axes that have a meaning of their own here (linux/input-event-codes.h).</summary>
public static class InputCode
{
    /// <summary>Keys and buttons are below this (KEY_CNT).</summary>
    public const int KeyCount = 0x300;

    /// <summary>Relative axes are below this (REL_CNT).</summary>
    public const int RelativeCount = 0x10;

    /// <summary>Absolute axes are below this (ABS_CNT).</summary>
    public const int AbsoluteCount = 0x40;

    public const ushort ButtonLeft = 0x110;
    public const ushort ButtonRight = 0x111;
    public const ushort ButtonMiddle = 0x112;
    public const ushort ButtonSide = 0x113;
    public const ushort ButtonExtra = 0x114;

    /// <summary>The button at the bottom; the others follow up to the right stick's (BTN_SOUTH to BTN_THUMBR).</summary>
    public const ushort ButtonSouth = 0x130;

    public const ushort ButtonEast = 0x131;
    public const ushort ButtonNorth = 0x133;
    public const ushort ButtonWest = 0x134;
    public const ushort ButtonLeftShoulder = 0x136;
    public const ushort ButtonRightShoulder = 0x137;
    public const ushort ButtonSelect = 0x13A;
    public const ushort ButtonStart = 0x13B;
    public const ushort ButtonMode = 0x13C;
    public const ushort ButtonLeftStick = 0x13D;
    public const ushort ButtonRightStick = 0x13E;

    /// <summary>A finger is on the screen.</summary>
    public const ushort ButtonTouch = 0x14A;

    public const ushort RelativeX = 0x00;
    public const ushort RelativeY = 0x01;
    public const ushort RelativeHorizontalWheel = 0x06;
    public const ushort RelativeWheel = 0x08;

    public const ushort AbsoluteX = 0x00;
    public const ushort AbsoluteY = 0x01;
    public const ushort AbsoluteZ = 0x02;
    public const ushort AbsoluteRightX = 0x03;
    public const ushort AbsoluteRightY = 0x04;
    public const ushort AbsoluteRightZ = 0x05;
    public const ushort AbsoluteHatX = 0x10;
    public const ushort AbsoluteHatY = 0x11;

    /// <summary>Names the slot that the multi-touch axes after it are of.</summary>
    public const ushort TouchSlot = 0x2F;

    public const ushort TouchX = 0x35;
    public const ushort TouchY = 0x36;

    /// <summary>Which touch a slot holds; -1 for none.</summary>
    public const ushort TouchTrackingId = 0x39;

    public const ushort LightNumLock = 0x00;
    public const ushort LightCapsLock = 0x01;
    public const ushort LightScrollLock = 0x02;
}
