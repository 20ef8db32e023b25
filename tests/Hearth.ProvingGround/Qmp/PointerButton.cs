namespace Hearth.Proving.Qmp;

/// <summary>A button of a mouse or tablet. A step of the wheel is a button, too.</summary>
public enum PointerButton
{
    Left,
    Middle,
    Right,
    WheelUp,
    WheelDown,
    Side,
    Extra,
}
