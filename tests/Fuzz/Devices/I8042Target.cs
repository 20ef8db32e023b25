using Hearth.Devices.Platform.I8042;
using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>The keyboard controller, with keys and movement.</summary>
internal sealed class I8042Target : BoardTarget, IDisposable
{
    private readonly I8042Device _device;

    public I8042Target()
        : base(machine => [I8042Module.Create(machine.Context)])
    {
        _device = (I8042Device)Parts[0];
    }

    public void Dispose() => _device.Dispose();

    /// <summary>A command of the controller's, or of a device's behind it, and its argument.</summary>
    protected override void ActAsDriver(Random random)
    {
        Machine.Out(0x64, random.Next(3) == 0 ? (byte)0xD4 : (byte)random.Next(256));
        Machine.Out(0x60, (byte)random.Next(0xE0, 0x100));
        Machine.Out(0x60, (byte)random.Next(256));
        for (int i = random.Next(4); i > 0; i--)
            Machine.In(0x60);
    }

    protected override void ActFromOutside(Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                _device.ReleaseAllKeys();
                break;
            case 1:
                _device.MoveMouse(random.Next(-5000, 5000), random.Next(-5000, 5000), random.Next(-9, 9), (MouseButtons)random.Next(32));
                break;
            default:
                _device.Key((ushort)random.Next(300), random.Next(2) == 0);
                break;
        }

        base.ActFromOutside(random);
    }
}
