using Hearth.Devices.Platform.I8042;
using Hearth.Devices.Tests.Input;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.I8042;

/// <summary>PS/2 keyboard and mouse behind the contract of input devices.</summary>
public class Ps2InputTests
{
    private readonly TestMachine _machine = new();
    private readonly I8042Device _controller;

    public Ps2InputTests()
    {
        _controller = I8042Module.Create(_machine.Context);
        _controller.Reset();
    }

    [Fact]
    public void Key_BecomesItsScanCodes()
    {
        var keyboard = new Ps2KeyboardInput(_controller, new RecordingObserver());

        keyboard.Report([new(InputEventType.Key, 30, 1)]);
        keyboard.Report([new(InputEventType.Key, 30, 2)]);
        keyboard.Report([new(InputEventType.Key, 30, 0)]);

        Assert.Equal([0x1E, 0x9E], ReadAll());
    }

    [Fact]
    public void ReleaseAll_ReleasesWhatIsDown()
    {
        var keyboard = new Ps2KeyboardInput(_controller, new RecordingObserver());
        keyboard.Report([new(InputEventType.Key, 30, 1), new(InputEventType.Key, 42, 1)]);
        ReadAll();

        keyboard.ReleaseAll();

        Assert.Equal([0x9E, 0xAA], ReadAll());
    }

    [Fact]
    public void Lights_SetByTheGuest_ComeBack()
    {
        var observer = new RecordingObserver();
        var keyboard = new Ps2KeyboardInput(_controller, observer);

        _machine.Out(0x60, 0xED);
        _machine.Out(0x60, 0x06);

        Assert.Equal(InputLights.NumLock | InputLights.CapsLock, keyboard.Lights);
        Assert.Equal(1, observer.Changes);
    }

    [Fact]
    public void MouseReport_BecomesOnePacket()
    {
        var mouse = new Ps2MouseInput(_controller);
        _machine.Out(0x64, 0xD4);
        _machine.Out(0x60, 0xF4);
        ReadAll();

        mouse.Report(
        [
            new(InputEventType.Relative, InputCode.RelativeX, 5),
            new(InputEventType.Relative, InputCode.RelativeY, 3),
            new(InputEventType.Key, InputCode.ButtonLeft, 1),
        ]);

        Assert.Equal([0x29, 0x05, 0xFD], ReadAll());
        mouse.ReleaseAll();
        Assert.Equal([0x08, 0, 0], ReadAll());
    }

    private byte[] ReadAll()
    {
        var bytes = new List<byte>();
        while ((_machine.In(0x64) & 1) != 0)
            bytes.Add(_machine.In(0x60));
        return [.. bytes];
    }
}
