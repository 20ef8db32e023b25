namespace Hearth.Machine;

/// <summary>The lights of a keyboard; a bit for each code of linux/input-event-codes.h, LED_NUML to LED_KANA.</summary>
[Flags]
public enum InputLights
{
    None = 0,
    NumLock = 1 << InputCode.LightNumLock,
    CapsLock = 1 << InputCode.LightCapsLock,
    ScrollLock = 1 << InputCode.LightScrollLock,
    Compose = 1 << 3,
    Kana = 1 << 4,
}
