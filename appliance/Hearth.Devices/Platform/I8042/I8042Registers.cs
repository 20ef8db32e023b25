namespace Hearth.Devices.Platform.I8042;

/// <summary>The status register, port 0x64 read (IBM PS/2 Hardware Interface Technical Reference, keyboard controller).</summary>
[Flags]
internal enum ControllerStatus : byte
{
    None = 0,
    OutputFull = 1 << 0,
    SelfTestPassed = 1 << 2,

    /// <summary>The last write went to port 0x64.</summary>
    Command = 1 << 3,

    /// <summary>The key lock of the case is open.</summary>
    Unlocked = 1 << 4,

    /// <summary>The byte in the output buffer came from the auxiliary port.</summary>
    AuxiliaryOutput = 1 << 5,
}

/// <summary>The controller command byte: byte 0 of the controller's RAM.</summary>
[Flags]
internal enum CommandByte : byte
{
    None = 0,
    KeyboardInterrupt = 1 << 0,
    AuxiliaryInterrupt = 1 << 1,
    SelfTestPassed = 1 << 2,
    KeyboardDisabled = 1 << 4,
    AuxiliaryDisabled = 1 << 5,
    Translate = 1 << 6,
}

/// <summary>The output port, which the controller's firmware drives.</summary>
[Flags]
internal enum OutputPort : byte
{
    None = 0,

    /// <summary>Active low.</summary>
    NoReset = 1 << 0,
    A20 = 1 << 1,
    KeyboardInterrupt = 1 << 4,
    AuxiliaryInterrupt = 1 << 5,
    KeyboardLinesIdle = 0xC0,
}

/// <summary>Commands to the controller, port 0x64 write.</summary>
internal static class ControllerCommand
{
    public const byte ReadRam = 0x20;
    public const byte WriteRam = 0x60;
    public const byte RamMask = 0x1F;
    public const byte TestPassword = 0xA4;
    public const byte DisableAuxiliary = 0xA7;
    public const byte EnableAuxiliary = 0xA8;
    public const byte TestAuxiliary = 0xA9;
    public const byte SelfTest = 0xAA;
    public const byte TestKeyboard = 0xAB;
    public const byte DisableKeyboard = 0xAD;
    public const byte EnableKeyboard = 0xAE;
    public const byte ReadInputPort = 0xC0;
    public const byte ReadOutputPort = 0xD0;
    public const byte WriteOutputPort = 0xD1;
    public const byte WriteKeyboardOutput = 0xD2;
    public const byte WriteAuxiliaryOutput = 0xD3;
    public const byte WriteAuxiliary = 0xD4;
    public const byte DisableA20 = 0xDD;
    public const byte EnableA20 = 0xDF;
    public const byte ReadTestInputs = 0xE0;

    /// <summary>0xF0–0xFF pulse low those of output port bits 0–3 whose command bit is clear; bit 0 resets the machine.</summary>
    public const byte PulseOutputPort = 0xF0;
}
