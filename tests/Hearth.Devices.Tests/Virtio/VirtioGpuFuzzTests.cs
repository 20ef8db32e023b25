using System.Buffers.Binary;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Virtio;

/// <summary>Random commands in random descriptors, and a frame now and then: nothing throws, and every command is answered unless its ring is broken.</summary>
public class VirtioGpuFuzzTests
{
    private static readonly uint[] s_types = [0x100, 0x101, 0x102, 0x103, 0x104, 0x105, 0x106, 0x107, 0x10A, 0x300, 0x301];
    private static readonly uint[] s_numbers = [0, 1, 2, 3, 7, 64, 65, 640, 4096, 8192, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF];
    private static readonly uint[] s_formats = [1, 2, 3, 4, 67, 68, 121, 134];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Gpu_driven_atRandom_answers(int seed)
    {
        var gpu = new GpuDriver(new DisplaySize(640, 480), new DisplaySize(64, 64));
        var random = new Random(seed);

        for (int i = 0; i < FuzzLength.Operations / 10; i++)
            Step(gpu, random);

        gpu.Rig.Status = 0;
        gpu.Rig.Start(VirtioRig.Version1 | 2);
        Assert.Equal(GpuDriver.OkNoData, gpu.Create(1, 64, 64));
    }

    private static void Step(GpuDriver gpu, Random random)
    {
        if (random.Next(50) == 0)
            gpu.Display.Refresh();
        if (random.Next(500) == 0)
            gpu.Display.ChangeWish(random.Next(2), new DisplaySize(random.Next(2000), random.Next(2000)));
        int queue = random.Next(8) == 0 ? 1 : 0;
        WriteCommand(gpu.Ram.AsSpan(0x40000, 512), random);
        uint length = random.Next(4) == 0 ? (uint)random.Next(1, 100) : 512;
        if (random.Next(1000) == 0)
            gpu.Rig.Queue(queue).Add(new TestDescriptor((ulong)random.NextInt64(), (uint)random.Next()));
        else
            gpu.Rig.Queue(queue).Add(new(0x40000, length), new(0x60000, (uint)random.Next(1, 2000), Writable: true));
        gpu.Rig.Kick(queue);
        if (!gpu.Rig.Queue(queue).TryTakeUsed(out _, out _))
        {
            // The ring was broken: the driver starts again.
            Assert.Equal(64, gpu.Rig.Status & 64);
            gpu.Rig.Start(VirtioRig.Version1 | 2);
        }
    }

    private static void WriteCommand(Span<byte> to, Random random)
    {
        random.NextBytes(to);
        uint type = s_types[random.Next(s_types.Length)];
        BinaryPrimitives.WriteUInt32LittleEndian(to, type);
        for (int at = 24; at < 56; at += 4)
            BinaryPrimitives.WriteUInt32LittleEndian(to[at..], random.Next(3) == 0 ? s_numbers[random.Next(s_numbers.Length)] : (uint)random.Next(100));
        if (type == 0x101)
            BinaryPrimitives.WriteUInt32LittleEndian(to[28..], s_formats[random.Next(s_formats.Length)]);
        if (type != 0x106)
            return;
        BinaryPrimitives.WriteUInt32LittleEndian(to[28..], (uint)random.Next(20));
        for (int at = 32; at < 352; at += 16)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(to[at..], (ulong)random.Next(1 << 20));
            BinaryPrimitives.WriteUInt32LittleEndian(to[(at + 8)..], (uint)random.Next(1 << 16));
        }
    }
}
