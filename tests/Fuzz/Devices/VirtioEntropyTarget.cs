using Hearth.Devices.Virtio.Entropy;
using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>The source of random bytes.</summary>
internal sealed class VirtioEntropyTarget : VirtioTarget
{
    public VirtioEntropyTarget() => Plug(new VirtioEntropyDevice("virtio-rng0", new Counter(), Machine.Context));

    protected override int Compose(Random random, BufferList request)
    {
        for (int i = random.Next(1, 6); i > 0; i--)
            AddWritable(random, request, random.Next(1 << random.Next(17)));
        return 0;
    }

    protected override void ActFromOutside(Random random)
    {
    }

    private sealed class Counter : IEntropySource
    {
        private byte _next;

        public void Fill(Span<byte> buffer) => buffer.Fill(_next++);
    }
}
