using Hearth.Devices.Input;
using Hearth.Machine;
using Hearth.Protocol;

namespace Hearth.Vm.Input;

/// <summary>A guest's hands and the lights of its keyboard: the ring, who brings its events to the devices, and what is typed by itself.</summary>
internal sealed class GuestInput : IDisposable
{
    private readonly IReadOnlyList<InputStep> _script;
    private readonly InputRing _ring = new();
    private readonly Action<string>? _tell;

    /// <param name="tell">Is told of the lights, a line at a time; null for nobody.</param>
    public GuestInput(InputConfiguration configuration, Action<string>? tell)
    {
        _script = configuration.Script;
        _tell = tell;
        Devices = [.. configuration.Devices.Select(target => (InputDeviceKind)target)];
        Router = new InputRouter(ShowLights);
    }

    /// <summary>The virtio devices of the guest.</summary>
    public IReadOnlyList<InputDeviceKind> Devices { get; }

    /// <summary>Where the machine's input devices are plugged in.</summary>
    public InputRouter Router { get; }

    public InputRing Ring => _ring;

    /// <summary>Begins to hand over events. A guest that was saved with keys down gets them released first.</summary>
    /// <returns>Ends with the machine, before it: devices write to its memory.</returns>
    public InputSession Start(IVirtualClock clock)
    {
        Router.ReleaseAll();
        return new InputSession(new InputPump(_ring, Router), new Typist(_script, _ring, clock));
    }

    public void Dispose() => _ring.Dispose();

    private void ShowLights(InputLights lights)
    {
        _ring.Lights = lights;
        _tell?.Invoke($"keyboard lights: {lights}");
    }
}
