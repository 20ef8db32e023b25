using Hearth.Devices.Input;
using Hearth.Machine;

namespace Hearth.Devices.Tests.Input;

public class InputRouterTests
{
    private static readonly InputEvent s_press = new(InputEventType.Key, 30, 1);

    private readonly List<InputLights> _shown = [];
    private readonly FakeInputDevice _ps2 = new(InputDeviceKind.Keyboard) { IsReady = true };
    private readonly FakeInputDevice _virtio = new(InputDeviceKind.Keyboard);
    private readonly InputRouter _router;

    public InputRouterTests()
    {
        _router = new InputRouter(_shown.Add);
        _router.AddFallback(_ps2);
        _router.Add(_virtio);
    }

    [Fact]
    public void Events_GoToPs2UntilTheDriverIsReady()
    {
        _router.Report(InputDeviceKind.Keyboard, [s_press]);
        _virtio.IsReady = true;
        _router.Report(InputDeviceKind.Keyboard, [s_press]);

        Assert.Equal((1, 1), (_ps2.Events.Count, _virtio.Events.Count));
    }

    [Fact]
    public void Keys_DownOnTheOldDevice_AreReleasedThere()
    {
        _router.Report(InputDeviceKind.Keyboard, [s_press]);
        int before = _ps2.Releases;

        _virtio.IsReady = true;
        _router.Report(InputDeviceKind.Keyboard, [s_press with { Value = 0 }]);

        Assert.Equal((before + 1, 0), (_ps2.Releases, _virtio.Releases));
    }

    [Fact]
    public void Kinds_WithoutADevice_AreNobodys()
    {
        _router.Report(InputDeviceKind.Gamepad, [s_press]);

        Assert.Empty(_ps2.Events);
    }

    [Fact]
    public void ReleaseAll_ReachesEveryDevice()
    {
        _router.ReleaseAll();

        Assert.Equal((1, 1), (_ps2.Releases, _virtio.Releases));
    }

    [Fact]
    public void Lights_AreThoseOfTheDeviceInUse()
    {
        _ps2.Lights = InputLights.NumLock;
        _router.LightsChanged(_ps2);
        _virtio.Lights = InputLights.CapsLock;
        _router.LightsChanged(_virtio);
        _virtio.IsReady = true;
        _router.LightsChanged(_virtio);

        Assert.Equal([InputLights.NumLock, InputLights.CapsLock], _shown);
    }
}
