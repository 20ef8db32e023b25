using System.Buffers.Binary;
using Hearth.Devices.Input;
using Hearth.Devices.Virtio;
using Hearth.Devices.Virtio.Input;
using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>A virtio touch screen, which of the input devices has the most to tell.</summary>
internal sealed class VirtioInputTarget : PciTarget
{
    private const int Rings = 0x4000;
    private const int QueueSize = 16;

    private static readonly int[] s_regions = [0x0000, 0x1000, 0x2000, 0x3000, 0x4000, 0x5000];

    private readonly InputEvent[] _report = new InputEvent[8];
    private readonly VirtioInputDevice _device;
    private ushort _available;

    public VirtioInputTarget()
    {
        _device = new VirtioInputDevice("virtio-touchscreen0", InputDeviceKind.Touchscreen, new InputRouter(_ => { }), Machine.Context);
        Plug(new VirtioPciFunction(_device, Machine.Context));
    }

    public override string Name => "virtio-input";

    protected override ReadOnlySpan<int> Regions => s_regions;

    protected override void ActAsDriver(Random random)
    {
        switch (random.Next(5))
        {
            case 0:
                StartDriver(random);
                break;
            case 1:
                Write(0x2000, AccessWidth.Byte, (ulong)random.Next(0x14));
                Write(0x2001, AccessWidth.Byte, (ulong)random.Next(0x40));
                break;
            default:
                Offer(random, random.Next(2));
                break;
        }
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

    private void StartDriver(Random random)
    {
        Write(0x14, AccessWidth.Byte, 0);
        Write(0x14, AccessWidth.Byte, 3);
        Write(0x08, AccessWidth.Dword, 1);
        Write(0x0C, AccessWidth.Dword, 1);
        Write(0x08, AccessWidth.Dword, 0);
        Write(0x0C, AccessWidth.Dword, (ulong)random.Next(2) << 29);
        Write(0x14, AccessWidth.Byte, 11);
        for (ulong queue = 0; queue < 2; queue++)
        {
            ulong at = Rings + (queue * 0x3000);
            Write(0x16, AccessWidth.Word, queue);
            Write(0x18, AccessWidth.Word, QueueSize);
            Write(0x20, AccessWidth.Qword, at);
            Write(0x28, AccessWidth.Qword, at + 0x1000);
            Write(0x30, AccessWidth.Qword, at + 0x2000);
            Write(0x1C, AccessWidth.Word, 1);
            Machine.Ram.Bytes.AsSpan((int)at, 0x3000).Clear();
        }

        _available = 0;
        Write(0x14, AccessWidth.Byte, 15);
    }

    /// <summary>Offers a buffer, mostly a good one.</summary>
    private void Offer(Random random, int queue)
    {
        int at = Rings + (queue * 0x3000);
        int index = _available % QueueSize;
        Span<byte> descriptor = Machine.Ram.Bytes.AsSpan(at + (16 * index), 16);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor, random.Next(20) == 0 ? Value(random) : (ulong)(0x20000 + (8 * index)));
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[8..], random.Next(20) == 0 ? (uint)Value(random) : 8);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[12..], random.Next(20) == 0 ? (uint)Value(random) : queue == 0 ? 2U : 0);
        Span<byte> ring = Machine.Ram.Bytes.AsSpan(at + 0x1000);
        BinaryPrimitives.WriteUInt16LittleEndian(ring[(4 + (2 * index))..], (ushort)index);
        BinaryPrimitives.WriteUInt16LittleEndian(ring[2..], ++_available);
        Write(0x3000 + (4 * (ulong)queue), AccessWidth.Word, (ulong)queue);
    }
}
