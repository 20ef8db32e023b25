using System.Buffers.Binary;
using Hearth.Devices.Sound.Hda;
using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>The sound card.</summary>
internal sealed class HdaTarget : PciTarget, IDisposable
{
    private static readonly int[] s_regions = [0x00, 0x40, 0x80, 0x100, 0x180, 0x2030, 0x2080];

    private readonly HdaDevice _device;

    public HdaTarget()
    {
        _device = new HdaDevice("hda0", new SilentSound(), Machine.Context);
        Plug(_device);
    }

    protected override ReadOnlySpan<int> Regions => s_regions;

    public void Dispose() => _device.Dispose();

    protected override void ActAsDriver(Random random)
    {
        switch (random.Next(6))
        {
            case 0:
                Write(0x08, AccessWidth.Dword, random.Next(8) == 0 ? 0UL : 0x101);
                break;
            case 1:
                Write(0x40, AccessWidth.Dword, (ulong)random.Next(1 << 20));
                Write(0x50, AccessWidth.Dword, (ulong)random.Next(1 << 20));
                Write(0x4C, AccessWidth.Byte, 2);
                Write(0x5C, AccessWidth.Byte, (ulong)random.Next(8));
                Write(0x48, AccessWidth.Byte, (ulong)random.Next(256));
                break;
            case 2:
                Write(0x60, AccessWidth.Dword, ((ulong)(uint)random.Next(12) << 20) | (uint)random.Next(1 << 20));
                Write(0x68, AccessWidth.Word, 1);
                break;
            case 3:
                WriteList(random, random.Next(1 << 20) & ~0x7F);
                break;
            default:
                StartStream(random, 0x80 + (0x20 * (ulong)random.Next(8)));
                break;
        }
    }

    protected override void ActFromOutside(Random random) => _device.Plug((HdaJack)random.Next(4), random.Next(2) == 0);

    private void WriteList(Random random, int at)
    {
        for (int entry = 0; entry < 16; entry++, at += 16)
        {
            Span<byte> raw = Ram((ulong)at, 16);
            BinaryPrimitives.WriteUInt64LittleEndian(raw, random.Next(8) == 0 ? Hostile.Value(random) : (ulong)random.Next(1 << 20));
            BinaryPrimitives.WriteUInt32LittleEndian(raw[8..], (uint)random.Next(1 << random.Next(16)));
            BinaryPrimitives.WriteUInt32LittleEndian(raw[12..], (uint)random.Next(2));
        }
    }

    private void StartStream(Random random, ulong stream)
    {
        int list = random.Next(1 << 20) & ~0x7F;
        WriteList(random, list);
        Write(stream, AccessWidth.Byte, (ulong)random.Next(2));
        Write(stream, AccessWidth.Byte, 0);
        Write(stream + 0x08, AccessWidth.Dword, (ulong)random.Next(1 << random.Next(20)));
        Write(stream + 0x0C, AccessWidth.Word, (ulong)random.Next(17));
        Write(stream + 0x12, AccessWidth.Word, (ulong)random.Next(1 << 16));
        Write(stream + 0x18, AccessWidth.Qword, (ulong)list);
        Write(stream, AccessWidth.Dword, ((ulong)random.Next(16) << 20) | 0x1E);
    }
}
