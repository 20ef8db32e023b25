namespace Hearth.Proving.Qmp;

/// <summary>The machine's pointer: positions go to its tablet, motion goes to its mouse, buttons to the one that was used last.</summary>
public sealed class QmpPointingDevice
{
    /// <summary>QEMU's range of a tablet's axes, whatever the screen's size.</summary>
    public const int Range = 0x7FFF;

    private readonly QmpClient _qmp;

    internal QmpPointingDevice(QmpClient qmp) => _qmp = qmp;

    /// <summary>Puts the tablet's pen down at a place of the screen.</summary>
    /// <param name="x">From 0 at the left edge to 1.</param>
    /// <param name="y">From 0 at the top edge to 1.</param>
    public void MoveTo(double x, double y) =>
        QmpInput.Send(_qmp, QmpInput.Absolute("x", (int)Math.Round(x * Range)), QmpInput.Absolute("y", (int)Math.Round(y * Range)));

    /// <summary>Moves the mouse, in its own counts.</summary>
    public void MoveBy(int x, int y) => QmpInput.Send(_qmp, QmpInput.Relative("x", x), QmpInput.Relative("y", y));

    public void Down(PointerButton button) => QmpInput.Send(_qmp, QmpInput.Button(NameOf(button), isDown: true));

    public void Up(PointerButton button) => QmpInput.Send(_qmp, QmpInput.Button(NameOf(button), isDown: false));

    public void Click(PointerButton button, TimeSpan hold)
    {
        Down(button);
        Thread.Sleep(hold);
        Up(button);
    }

    private static string NameOf(PointerButton button) => button switch
    {
        PointerButton.Left => "left",
        PointerButton.Middle => "middle",
        PointerButton.Right => "right",
        PointerButton.WheelUp => "wheel-up",
        PointerButton.WheelDown => "wheel-down",
        PointerButton.Side => "side",
        PointerButton.Extra => "extra",
        _ => throw new ArgumentOutOfRangeException(nameof(button)),
    };
}
