using Hearth.Proving;
using Hearth.Proving.Qmp;

namespace Hearth.EndToEnd.Tests;

/// <summary>What is typed and pointed by QMP, as Linux inside sees it.</summary>
[Collection<GroundCollection>]
public sealed class InputTests(GroundFixture fixture)
{
    private const ushort KeyA = 30;
    private const ushort Key1 = 2;
    private const ushort KeyLeftShift = 42;
    private const ushort ButtonLeft = 0x110;

    private static readonly TimeSpan s_hold = TimeSpan.FromMilliseconds(50);

    private readonly ProvingGround _ground = fixture.Ground;

    [Fact]
    public void Text_typed_arrivesKeyByKey()
    {
        using var keyboard = new InputRecorder(_ground, "QEMU QEMU USB Keyboard");

        _ground.Qmp.Keyboard.Type("a!");

        Assert.Equal(
            [(KeyA, 1), (KeyA, 0), (KeyLeftShift, 1), (Key1, 1), (Key1, 0), (KeyLeftShift, 0)],
            keyboard.WaitFor(6).Select(input => (input.Code, input.Value)));
    }

    [Fact]
    public void Position_ofTheTablet_arrives()
    {
        using var tablet = new InputRecorder(_ground, "QEMU QEMU USB Tablet");

        _ground.Qmp.PointingDevice.MoveTo(0.25, 0.75);
        _ground.Qmp.PointingDevice.Click(PointerButton.Left, s_hold);

        Assert.Equal(
            [
                new(InputEvent.Absolute, 0, 8192), new(InputEvent.Absolute, 1, 24575),
                new(InputEvent.Key, ButtonLeft, 1), new(InputEvent.Key, ButtonLeft, 0),
            ],
            tablet.WaitFor(4));
    }

    [Fact]
    public void Motion_ofTheMouse_arrives()
    {
        using var mouse = new InputRecorder(_ground, "QEMU QEMU USB Mouse");

        _ground.Qmp.PointingDevice.MoveBy(5, -3);

        Assert.Equal([new(InputEvent.Relative, 0, 5), new(InputEvent.Relative, 1, -3)], mouse.WaitFor(2));
    }
}
