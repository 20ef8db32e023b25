using Hearth.Devices.Input;
using Hearth.Devices.Virtio.Input;
using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>A virtio touch screen, which of the input devices has the most to tell.</summary>
internal sealed class VirtioInputTarget : VirtioTarget
{
    private readonly InputEvent[] _report = new InputEvent[8];
    private readonly VirtioInputDevice _device;

    public VirtioInputTarget()
    {
        _device = new VirtioInputDevice("virtio-touchscreen0", InputDeviceKind.Touchscreen, new InputRouter(_ => { }), Machine.Context);
        Plug(_device);
    }

    protected override bool IsAnswered(int queue) => queue != 0;

    protected override int Compose(Random random, BufferList request)
    {
        int queue = random.Next(2);
        if (queue == 0)
            AddWritable(random, request, 8);
        else
            random.NextBytes(AddReadable(random, request, 8));
        return queue;
    }

    protected override void Configure(Random random)
    {
        Write(0x2000, AccessWidth.Byte, (ulong)random.Next(0x14));
        Write(0x2001, AccessWidth.Byte, (ulong)random.Next(0x40));
    }

    protected override void ActFromOutside(Random random)
    {
        if (random.Next(10) == 0)
            _device.ReleaseAll();
        int count = random.Next(_report.Length);
        for (int i = 0; i < count; i++)
            _report[i] = new InputEvent((ushort)random.Next(5), (ushort)random.Next(0x160), random.Next(-2, 40_000));
        _device.Report(_report.AsSpan(0, count));
    }
}
