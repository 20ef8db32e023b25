using System.Buffers.Binary;
using Hearth.Devices.Virtio.Gpu;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Virtio;

/// <summary>A driver of a virtio graphics device: each command goes through the control queue, and its answer comes back.</summary>
internal sealed class GpuDriver
{
    public const uint OkNoData = 0x1100;
    public const uint OkDisplayInfo = 0x1101;
    public const uint OkEdid = 0x1104;
    public const uint ErrorUnspecified = 0x1200;
    public const uint ErrorOutOfMemory = 0x1201;
    public const uint ErrorInvalidScanout = 0x1202;
    public const uint ErrorInvalidResource = 0x1203;
    public const uint ErrorInvalidParameter = 0x1205;

    /// <summary>Where pictures lie in the guest.</summary>
    public const ulong Pictures = 0x80000;

    private const ulong Command = 0x40000;
    private const ulong Answer = 0x60000;
    private const int AnswerLength = 0x1000;

    public GpuDriver(params DisplaySize[] screens)
    {
        Display = new FakeDisplay(screens);
        Rig = new VirtioRig(context => new VirtioGpuDevice("virtio-gpu0", Display, Worker, context));
        Rig.Start(VirtioRig.Version1 | 2);
    }

    public FakeDisplay Display { get; }

    public FakeWorker Worker { get; } = new();

    public VirtioRig Rig { get; }

    public FakeScanout Screen => Display[0];

    public byte[] Ram => Rig.Machine.Ram.Bytes;

    /// <summary>The last answer, as far as it was written.</summary>
    public byte[] LastAnswer { get; private set; } = [];

    /// <summary>Sends a command of a type with what follows the header.</summary>
    /// <returns>The type of the answer.</returns>
    public uint Send(uint type, params uint[] words) => SendFenced(type, 0, 0, words);

    public uint SendFenced(uint type, uint flags, ulong fence, params uint[] words)
    {
        var command = new byte[24 + (4 * words.Length)];
        BinaryPrimitives.WriteUInt32LittleEndian(command, type);
        BinaryPrimitives.WriteUInt32LittleEndian(command.AsSpan(4), flags);
        BinaryPrimitives.WriteUInt64LittleEndian(command.AsSpan(8), fence);
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(command.AsSpan(24 + (4 * i)), words[i]);
        return SendBytes(command);
    }

    /// <summary>Sends a command of a type with what follows the header, and waits for nothing.</summary>
    /// <param name="place">Where it and its answer lie: of each command that is on its way another one.</param>
    public void Post(int place, uint type, params uint[] words)
    {
        ulong command = Command + (0x100 * (ulong)place);
        BinaryPrimitives.WriteUInt32LittleEndian(Ram.AsSpan((int)command), type);
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(Ram.AsSpan((int)command + 24 + (4 * i)), words[i]);
        Rig.Queue(0).Add(new(command, (uint)(24 + (4 * words.Length))), new(Answer + (AnswerLength * (ulong)place), AnswerLength, Writable: true));
        Rig.Kick();
    }

    /// <summary>The type of the answer to a command that was posted.</summary>
    public uint AnswerAt(int place) => BinaryPrimitives.ReadUInt32LittleEndian(Ram.AsSpan((int)Answer + (AnswerLength * place)));

    public uint SendBytes(byte[] command)
    {
        command.CopyTo(Ram, (int)Command);
        Rig.Queue(0).Add(new(Command, (uint)command.Length), new(Answer, AnswerLength, Writable: true));
        Rig.Kick();
        Worker.Run();
        Assert.True(Rig.Queue(0).TryTakeUsed(out _, out uint written));
        LastAnswer = Ram[(int)Answer..(int)(Answer + written)];
        return BinaryPrimitives.ReadUInt32LittleEndian(LastAnswer);
    }

    public uint Create(uint id, uint width, uint height, uint format = 2) => Send(0x101, id, format, width, height);

    public uint Attach(uint id, params (ulong Address, uint Length)[] pieces) =>
        Send(0x106, [id, (uint)pieces.Length, .. pieces.SelectMany(piece => new[] { (uint)piece.Address, (uint)(piece.Address >> 32), piece.Length, 0U })]);

    public uint SetScanout(uint screen, uint id, uint x, uint y, uint width, uint height) => Send(0x103, x, y, width, height, screen, id);

    public uint Transfer(uint id, uint x, uint y, uint width, uint height, ulong offset) =>
        Send(0x105, x, y, width, height, (uint)offset, (uint)(offset >> 32), id, 0);

    public uint Flush(uint id, uint x, uint y, uint width, uint height) => Send(0x104, x, y, width, height, id, 0);

    public void SendCursor(uint type, uint screen, uint x, uint y, uint id = 0, uint hotX = 0, uint hotY = 0)
    {
        uint[] words = [type, 0, 0, 0, 0, 0, screen, x, y, 0, id, hotX, hotY, 0];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(Ram.AsSpan((int)Command + (4 * i)), words[i]);
        Rig.Queue(1).Add(new TestDescriptor(Command, 56));
        Rig.Kick(1);
        Assert.True(Rig.Queue(1).TryTakeUsed(out _, out _));
    }

    /// <summary>Makes a picture in the guest, a resource for it, and shows it on screen 0.</summary>
    /// <returns>The picture: bytes that are all different from their neighbours.</returns>
    public byte[] Show(uint id, uint width, uint height, uint format = 2)
    {
        byte[] picture = FillPicture((int)(width * height * 4), (int)id);
        Assert.Equal(OkNoData, Create(id, width, height, format));
        Assert.Equal(OkNoData, Attach(id, (Pictures, width * height * 4)));
        Assert.Equal(OkNoData, SetScanout(0, id, 0, 0, width, height));
        Assert.Equal(OkNoData, Transfer(id, 0, 0, width, height, 0));
        Assert.Equal(OkNoData, Flush(id, 0, 0, width, height));
        return picture;
    }

    public byte[] FillPicture(int length, int seed)
    {
        var picture = new byte[length];
        new Random(seed).NextBytes(picture);
        picture.CopyTo(Ram, (int)Pictures);
        return picture;
    }
}
