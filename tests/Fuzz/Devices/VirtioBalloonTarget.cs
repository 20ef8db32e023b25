using System.Buffers.Binary;
using Hearth.Devices.Virtio.Balloon;

namespace Hearth.Fuzz.Devices;

/// <summary>The balloon: pages given up and taken back, statistics, and reports of pages that are free.</summary>
internal sealed class VirtioBalloonTarget : VirtioTarget
{
    private readonly VirtioBalloonDevice _device;

    public VirtioBalloonTarget()
    {
        _device = new VirtioBalloonDevice("virtio-balloon0", Memory, 0x8_0000, TimeSpan.FromMilliseconds(5), Machine.Context);
        Plug(_device);
    }

    /// <summary>Memory that is given back reads as zeros, wherever it is.</summary>
    protected override bool WritesOnlyBuffers => false;

    protected override int Compose(Random random, BufferList request)
    {
        int queue = random.Next(5);
        if (queue >= 3)
        {
            for (int i = random.Next(1, 9); i > 0; i--)
                request.AddWritable(Place(random, 0x8000) & ~(random.Next(4) == 0 ? 0UL : 0xFFF), random.Next(4) == 0 ? random.Next(1 << 18) : 0x1000 << random.Next(5));
        }
        else if (queue == 2)
        {
            WriteStatistics(random, AddReadable(random, request, 10 * random.Next(1, 80)));
        }
        else
        {
            WritePages(random, AddReadable(random, request, random.Next(50) == 0 ? random.Next(20_000) : 4 * random.Next(1, 257)));
        }

        return queue;
    }

    protected override void ActFromOutside(Random random)
    {
        if (random.Next(4) == 0)
            _device.TargetSize = Hostile.Value(random);
        else
            _device.AskForStatistics();
        _ = _device.Figures();
    }

    private static void WriteStatistics(Random random, Span<byte> statistics)
    {
        for (; statistics.Length >= 10; statistics = statistics[10..])
        {
            BinaryPrimitives.WriteUInt16LittleEndian(statistics, (ushort)random.Next(12));
            BinaryPrimitives.WriteUInt64LittleEndian(statistics[2..], Hostile.Value(random));
        }
    }

    /// <summary>Runs of pages up and down; mostly not those of the rings.</summary>
    private static void WritePages(Random random, Span<byte> pages)
    {
        uint page = 0x20;
        for (; pages.Length >= 4; pages = pages[4..])
        {
            page = random.Next(8) switch
            {
                0 => (uint)random.Next(0x20, 0x100),
                1 => page - 1,
                _ => page + 1,
            };
            BinaryPrimitives.WriteUInt32LittleEndian(pages, random.Next(500) == 0 ? (uint)Hostile.Value(random) : page);
        }
    }
}
