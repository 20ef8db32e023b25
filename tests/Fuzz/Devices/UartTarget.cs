using Hearth.Devices.Platform.Uart;

namespace Hearth.Fuzz.Devices;

/// <summary>A serial port with somebody at its other end.</summary>
internal sealed class UartTarget : BoardTarget, IDisposable
{
    private readonly SilentPort _port;
    private readonly UartDevice _device;

    public UartTarget()
        : this(new SilentPort())
    {
    }

    private UartTarget(SilentPort port)
        : base(machine => [new UartModule(0, port).Create(machine.Context)])
    {
        _port = port;
        _device = (UartDevice)Parts[0];
    }

    public void Dispose() => _device.Dispose();

    protected override void ActFromOutside(Random random)
    {
        if (random.Next(10) == 0)
            _device.TrySendBreak();
        else
            _port.Type(random);
        base.ActFromOutside(random);
    }
}
