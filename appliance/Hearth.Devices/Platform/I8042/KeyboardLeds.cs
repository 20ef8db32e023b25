namespace Hearth.Devices.Platform.I8042;

/// <summary>The lights of a PS/2 keyboard, as the guest set them.</summary>
[Flags]
public enum KeyboardLeds
{
    None = 0,
    ScrollLock = 1 << 0,
    NumLock = 1 << 1,
    CapsLock = 1 << 2,
}
