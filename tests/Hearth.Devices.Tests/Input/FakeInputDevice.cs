using Hearth.Machine;

namespace Hearth.Devices.Tests.Input;

/// <summary>An input device that keeps what it is told.</summary>
internal sealed class FakeInputDevice(InputDeviceKind kind) : IInputDevice
{
    public InputDeviceKind Kind { get; } = kind;

    public bool IsReady { get; set; }

    public InputLights Lights { get; set; }

    public List<InputEvent> Events { get; } = [];

    public int Releases { get; private set; }

    public void Report(ReadOnlySpan<InputEvent> events) => Events.AddRange(events);

    public void ReleaseAll() => Releases++;
}
