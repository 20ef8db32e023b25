using Hearth.Machine;

namespace Hearth.Devices.Platform.I8042;

/// <summary>The PS/2 keyboard as an input device. Its key codes are the host's; the keyboard itself makes scan codes of them and repeats them.</summary>
public sealed class Ps2KeyboardInput : IInputDevice
{
    private readonly I8042Device _controller;

    /// <param name="observer">Hears of the lights.</param>
    public Ps2KeyboardInput(I8042Device controller, IInputObserver observer)
    {
        ArgumentNullException.ThrowIfNull(controller);
        ArgumentNullException.ThrowIfNull(observer);
        _controller = controller;
        controller.ConnectLeds(() => observer.LightsChanged(this));
    }

    public InputDeviceKind Kind => InputDeviceKind.Keyboard;

    /// <summary>Always: firmware and boot loaders poll it without a driver.</summary>
    public bool IsReady => true;

    public InputLights Lights
    {
        get
        {
            KeyboardLeds leds = _controller.Leds;
            return ((leds & KeyboardLeds.NumLock) != 0 ? InputLights.NumLock : 0)
                | ((leds & KeyboardLeds.CapsLock) != 0 ? InputLights.CapsLock : 0)
                | ((leds & KeyboardLeds.ScrollLock) != 0 ? InputLights.ScrollLock : 0);
        }
    }

    public void Report(ReadOnlySpan<InputEvent> events)
    {
        foreach (InputEvent change in events)
        {
            if (change.Type == InputEventType.Key && change.Value is 0 or 1)
                _controller.Key(change.Code, change.Value == 1);
        }
    }

    public void ReleaseAll() => _controller.ReleaseAllKeys();
}
