using Hearth.Machine;

namespace Hearth.Devices.Platform.I8042;

/// <summary>The PS/2 mouse as an input device: one report becomes one movement.</summary>
public sealed class Ps2MouseInput : IInputDevice
{
    private readonly Lock _lock = new();
    private readonly I8042Device _controller;
    private MouseButtons _buttons;

    public Ps2MouseInput(I8042Device controller)
    {
        ArgumentNullException.ThrowIfNull(controller);
        _controller = controller;
    }

    public InputDeviceKind Kind => InputDeviceKind.Mouse;

    /// <summary>Always: a guest without a driver leaves the mouse off, and it sends nothing.</summary>
    public bool IsReady => true;

    public InputLights Lights => InputLights.None;

    public void Report(ReadOnlySpan<InputEvent> events)
    {
        int x = 0;
        int y = 0;
        int wheel = 0;
        lock (_lock)
        {
            foreach (InputEvent change in events)
            {
                switch (change.Type, change.Code)
                {
                    case (InputEventType.Relative, InputCode.RelativeX):
                        x = change.Value;
                        break;
                    case (InputEventType.Relative, InputCode.RelativeY):
                        y = change.Value;
                        break;
                    case (InputEventType.Relative, InputCode.RelativeWheel):
                        wheel = change.Value;
                        break;
                    case (InputEventType.Key, _):
                        MouseButtons button = ButtonOf(change.Code);
                        _buttons = change.Value == 0 ? _buttons & ~button : _buttons | button;
                        break;
                }
            }

            _controller.MoveMouse(x, y, wheel, _buttons);
        }
    }

    public void ReleaseAll()
    {
        lock (_lock)
        {
            _buttons = MouseButtons.None;
            _controller.MoveMouse(0, 0, 0, _buttons);
        }
    }

    private static MouseButtons ButtonOf(ushort code) => code switch
    {
        InputCode.ButtonLeft => MouseButtons.Left,
        InputCode.ButtonRight => MouseButtons.Right,
        InputCode.ButtonMiddle => MouseButtons.Middle,
        InputCode.ButtonSide => MouseButtons.Back,
        InputCode.ButtonExtra => MouseButtons.Forward,
        _ => MouseButtons.None,
    };
}
