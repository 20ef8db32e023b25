using Hearth.Machine;

namespace Hearth.Devices.Input;

/// <summary>
/// Brings what hands do to the guest's input devices. Of the devices of a kind the first whose driver listens gets it; while none does, the one to
/// fall back on: a PS/2 keyboard serves firmware until the driver of the virtio keyboard is there.
/// </summary>
public sealed class InputRouter : IInputObserver
{
    // Order of locks: this one, then a device's. Held over a whole report, so that reports and releases do not overtake one another.
    private readonly Lock _lock = new();
    private readonly List<IInputDevice>[] _devices = [.. Enum.GetValues<InputDeviceKind>().Select(_ => new List<IInputDevice>())];
    private readonly IInputDevice?[] _fallbacks = new IInputDevice?[Enum.GetValues<InputDeviceKind>().Length];
    private readonly IInputDevice?[] _current = new IInputDevice?[Enum.GetValues<InputDeviceKind>().Length];
    private readonly Action<InputLights> _lights;
    private InputLights _shown;

    /// <param name="lights">Called when the lights of the keyboard in use change; on any thread, with this router's lock held, and must be short.</param>
    public InputRouter(Action<InputLights> lights)
    {
        ArgumentNullException.ThrowIfNull(lights);
        _lights = lights;
    }

    /// <summary>Adds a device; while the machine is built. Those added first are preferred.</summary>
    public void Add(IInputDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        _devices[(int)device.Kind].Add(device);
    }

    /// <summary>Adds what a guest has that has no driver for the others; one of a kind, while the machine is built.</summary>
    public void AddFallback(IInputDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        _fallbacks[(int)device.Kind] = device;
    }

    /// <summary>Something changed at one moment; the guest may have no device of the kind.</summary>
    /// <inheritdoc cref="IInputDevice.Report"/>
    public void Report(InputDeviceKind kind, ReadOnlySpan<InputEvent> events)
    {
        lock (_lock)
        {
            ChooseLocked((int)kind)?.Report(events);
            if (kind == InputDeviceKind.Keyboard)
                ShowLightsLocked();
        }
    }

    /// <summary>Lets go of everything, on every device: the hands have gone to another guest, or a saved guest goes on.</summary>
    public void ReleaseAll()
    {
        lock (_lock)
        {
            foreach (List<IInputDevice> devices in _devices)
            {
                foreach (IInputDevice device in devices)
                    device.ReleaseAll();
            }

            foreach (IInputDevice? device in _fallbacks)
                device?.ReleaseAll();
            ShowLightsLocked();
        }
    }

    public void LightsChanged(IInputDevice device)
    {
        lock (_lock)
            ShowLightsLocked();
    }

    /// <summary>Keys that were pressed on the device before are released there: their release goes to the new one, which never heard of them.</summary>
    private IInputDevice? ChooseLocked(int kind)
    {
        IInputDevice? chosen = _fallbacks[kind];
        foreach (IInputDevice device in _devices[kind])
        {
            if (!device.IsReady)
                continue;
            chosen = device;
            break;
        }

        if (!ReferenceEquals(_current[kind], chosen))
        {
            _current[kind]?.ReleaseAll();
            _current[kind] = chosen;
        }

        return chosen;
    }

    private void ShowLightsLocked()
    {
        InputLights lights = ChooseLocked((int)InputDeviceKind.Keyboard)?.Lights ?? InputLights.None;
        if (lights == _shown)
            return;
        _shown = lights;
        _lights(lights);
    }
}
