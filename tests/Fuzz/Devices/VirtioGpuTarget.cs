using System.Buffers.Binary;
using Hearth.Devices.Virtio.Gpu;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Fuzz.Devices;

/// <summary>The graphics device: commands of both queues that are nearly right, frames, and screens that change their size.</summary>
internal sealed class VirtioGpuTarget : VirtioTarget
{
    private static readonly uint[] s_types = [0x100, 0x101, 0x102, 0x103, 0x103, 0x104, 0x104, 0x105, 0x105, 0x106, 0x106, 0x107, 0x10A];
    private static readonly uint[] s_numbers = [0, 1, 63, 64, 65, 640, 4096, 8192, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF];
    private static readonly uint[] s_formats = [1, 2, 3, 4, 67, 68, 121, 134];

    /// <summary>Across and down, of a picture whose copy is the worker's.</summary>
    private const uint LongLength = 256;

    private readonly FakeDisplay _display = new(new DisplaySize(640, 480), new DisplaySize(64, 64));

    private readonly FakeWorker _worker = new();

    public VirtioGpuTarget() => Plug(new VirtioGpuDevice("virtio-gpu0", _display, _worker, Machine.Context));

    /// <summary>192 MiB of pictures, and two screens of 64 MiB.</summary>
    public override long MemoryLimit => 384L << 20;

    protected override int SaveInterval => 50;

    protected override bool HasWork => _worker.IsRequested;

    protected override void FinishWork() => _worker.Run();

    protected override int Compose(Random random, BufferList request)
    {
        if (random.Next(8) == 0)
        {
            WriteCursor(random, AddReadable(random, request, random.Next(50) == 0 ? random.Next(1, 56) : 56));
            return 1;
        }

        uint type = random.Next(50) == 0 ? (uint)Hostile.Value(random) : s_types[random.Next(s_types.Length)];
        int pieces = type == 0x106 ? random.Next(1, 20) : 0;
        Span<byte> command = AddReadable(random, request, random.Next(50) == 0 ? random.Next(1, 56) : 56 + (16 * pieces));
        WriteHeader(random, command, type);
        if (command.Length >= 56)
            WriteBody(random, command[24..], type, pieces);
        AddWritable(random, request, random.Next(20) == 0 ? random.Next(1, 24) : 1100);
        return 0;
    }

    protected override void ActFromOutside(Random random)
    {
        if (random.Next(4) == 0)
            _worker.Run();
        if (random.Next(30) == 0)
            _display.ChangeWish(random.Next(2), new DisplaySize(random.Next(2000), random.Next(2000)));
        else
            _display.Refresh();
    }

    private static uint Id(Random random) => (uint)random.Next(random.Next(8) == 0 ? 8 : 4);

    /// <summary>A length or a place in a picture; rarely a large one, which takes its time.</summary>
    private static uint Number(Random random) => random.Next(40) == 0 ? s_numbers[random.Next(s_numbers.Length)] : (uint)random.Next(random.Next(3) == 0 ? 1 : 100);

    private static void WriteHeader(Random random, Span<byte> command, uint type)
    {
        Span<byte> header = stackalloc byte[24];
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)random.Next(4));
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], Hostile.Value(random));
        header[..Math.Min(command.Length, header.Length)].CopyTo(command);
    }

    private static void WriteBody(Random random, Span<byte> body, uint type, int pieces)
    {
        switch (type)
        {
            case 0x101:
                uint length = random.Next(2) == 0 ? 64 : random.Next(8) == 0 ? LongLength : Number(random);
                WriteWords(body, Id(random), s_formats[random.Next(s_formats.Length)], length, length is 64 or LongLength ? length : Number(random));
                break;
            case 0x103:
                WriteWords(body, Number(random), Number(random), Number(random), Number(random), (uint)random.Next(3), Id(random));
                break;
            case 0x104:
                WriteWords(body, Number(random), Number(random), Number(random), Number(random), Id(random), 0);
                break;
            case 0x105 when random.Next(16) == 0:
                WriteWords(body, 0, 0, LongLength, LongLength, 0, 0, Id(random), 0);
                break;
            case 0x105:
                WriteWords(body, Number(random), Number(random), Number(random), Number(random), Number(random) * 4, random.Next(40) == 0 ? 1U : 0, Id(random), 0);
                break;
            case 0x106:
                WriteWords(body, Id(random), random.Next(20) == 0 ? (uint)Hostile.Value(random) : (uint)pieces);
                WritePieces(random, body[8..], pieces);
                break;
            default:
                WriteWords(body, type == 0x10A ? (uint)random.Next(3) : Id(random), 0);
                break;
        }
    }

    private static void WritePieces(Random random, Span<byte> to, int pieces)
    {
        for (int i = 0; i < pieces; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(to[(16 * i)..], Place(random, 0x4000));
            BinaryPrimitives.WriteUInt32LittleEndian(to[((16 * i) + 8)..], random.Next(100) == 0 ? (uint)Hostile.Value(random) : (uint)random.Next(0x4000));
        }
    }

    private static void WriteCursor(Random random, Span<byte> command)
    {
        WriteHeader(random, command, 0x300 + (uint)random.Next(2));
        if (command.Length == 56)
            WriteWords(command[24..], (uint)random.Next(3), Number(random), Number(random), 0, Id(random), Number(random), Number(random), 0);
    }

    private static void WriteWords(Span<byte> to, params ReadOnlySpan<uint> words)
    {
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(to[(4 * i)..], words[i]);
    }
}
