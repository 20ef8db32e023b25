using Hearth.Devices.Virtio.Console;

namespace Hearth.Fuzz.Devices;

/// <summary>The console.</summary>
internal sealed class VirtioConsoleTarget : VirtioTarget
{
    private readonly SilentPort _port = new();

    public VirtioConsoleTarget() => Plug(new VirtioConsoleDevice("virtio-console0", _port, Machine.Context));

    protected override bool IsAnswered(int queue) => queue != 0;

    protected override int Compose(Random random, BufferList request)
    {
        int queue = random.Next(2);
        for (int i = random.Next(1, 5); i > 0; i--)
        {
            int length = random.Next(1 << random.Next(14));
            if (queue == 0)
                AddWritable(random, request, length);
            else
                AddReadable(random, request, length);
        }

        return queue;
    }

    protected override void ActFromOutside(Random random) => _port.Type(random);
}
