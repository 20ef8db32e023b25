namespace Hearth.Devices.Platform.I8042;

/// <summary>The buttons of a mouse that are held down.</summary>
[Flags]
public enum MouseButtons
{
    None = 0,
    Left = 1 << 0,
    Right = 1 << 1,
    Middle = 1 << 2,

    /// <summary>The first side button; seen only by a guest that asked for the five-button protocol.</summary>
    Back = 1 << 3,

    /// <summary>The second side button.</summary>
    Forward = 1 << 4,
}
