using System.Buffers.Binary;
using Hearth.Devices.Virtio.Block;

namespace Hearth.Fuzz.Devices;

/// <summary>The disk, with requests in flight.</summary>
internal sealed class VirtioBlockTarget : VirtioTarget
{
    private const int Sectors = 2048;

    private static readonly uint[] s_types = [0, 0, 0, 1, 1, 1, 4, 8, 11, 13];

    private readonly SlowDisk _disk = new(new MemoryDisk(Sectors * 512, isReadOnly: false));

    public VirtioBlockTarget() => Plug(new VirtioBlockDevice("virtio-blk0", _disk, "fuzz", Machine.Context));

    protected override bool HasWork => _disk.IsBusy;

    protected override int Compose(Random random, BufferList request)
    {
        uint type = random.Next(40) == 0 ? (uint)Hostile.Value(random) : s_types[random.Next(s_types.Length)];
        Span<byte> header = AddReadable(random, request, random.Next(100) == 0 ? random.Next(16) : 16);
        if (header.Length == 16)
            WriteHeader(random, header, type);
        if (type is 11 or 13)
            WriteRange(random, AddReadable(random, request, 16));
        for (int i = type is 0 or 1 or 8 ? random.Next(1, 6) : 0; i > 0; i--)
        {
            int length = random.Next(20) == 0 ? random.Next(5000) : 512 * random.Next(1, 17);
            if (type == 1)
                AddReadable(random, request, length);
            else
                AddWritable(random, request, length);
        }

        if (random.Next(100) != 0)
            AddWritable(random, request, 1);
        return 0;
    }

    protected override void ActFromOutside(Random random) => _disk.EndOne(random);

    protected override void FinishWork() => _disk.EndAll();

    private static void WriteHeader(Random random, Span<byte> header, uint type)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], random.Next(20) == 0 ? Hostile.Value(random) : (ulong)random.Next(Sectors + 8));
    }

    private static void WriteRange(Random random, Span<byte> range)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(range, random.Next(20) == 0 ? Hostile.Value(random) : (ulong)random.Next(Sectors + 8));
        BinaryPrimitives.WriteUInt32LittleEndian(range[8..], (uint)random.Next(1 << random.Next(24)));
        BinaryPrimitives.WriteUInt32LittleEndian(range[12..], (uint)random.Next(3));
    }
}
