using System.Buffers.Binary;
using Hearth.Devices.Virtio.Vsock;

namespace Hearth.Fuzz.Devices;

/// <summary>The socket device: packets of connections that exist, did exist, or do not, from both ends.</summary>
internal sealed class VirtioVsockTarget : VirtioTarget
{
    private const uint GuestCid = 3;
    private const int HeaderLength = 44;

    // Buffers for packets lie here, so that the driver can answer to what came.
    private const int ReceiveStart = 0x3_0000;
    private const int ReceiveLength = 0x1000;
    private const int ReceiveCount = 16;

    private readonly VsockPrograms _host = new();

    public VirtioVsockTarget() => Plug(new VirtioVsockDevice("virtio-vsock0", _host, GuestCid, Machine.Context));

    /// <summary>Each connection may keep 256 KiB for a program that takes nothing.</summary>
    public override long MemoryLimit => 96 << 20;

    protected override bool IsAnswered(int queue) => queue == 1;

    protected override int Compose(Random random, BufferList request)
    {
        switch (random.Next(16))
        {
            case 0:
                AddWritable(random, request, random.Next(8));
                return 2;
            case < 5:
                request.AddWritable((ulong)(ReceiveStart + (random.Next(ReceiveCount) * ReceiveLength)), random.Next(8) == 0 ? random.Next(100) : ReceiveLength);
                return 0;
            default:
                ComposePacket(random, request);
                return 1;
        }
    }

    protected override void ActFromOutside(Random random) => _host.Act(random);

    private void ComposePacket(Random random, BufferList request)
    {
        int length = random.Next(3) == 0 ? random.Next(1 << random.Next(17)) : 0;
        ushort operation = (ushort)(length != 0 && random.Next(8) != 0 ? 5 : random.Next(9));
        Span<byte> header = AddReadable(random, request, random.Next(200) == 0 ? random.Next(HeaderLength) : HeaderLength);
        if (header.Length == HeaderLength)
            WriteHeader(random, header, operation, length);
        if (length != 0)
            AddReadable(random, request, length);
    }

    private void WriteHeader(Random random, Span<byte> header, ushort operation, int length)
    {
        (uint guestPort, uint hostPort) = ((uint)random.Next(1, 9), (uint)random.Next(1, 9));
        if (random.Next(3) == 0)
        {
            // Answers to a packet, which names the ports the other way round.
            Span<byte> received = Ram((ulong)(ReceiveStart + (random.Next(ReceiveCount) * ReceiveLength)), HeaderLength);
            hostPort = BinaryPrimitives.ReadUInt32LittleEndian(received[16..]);
            guestPort = BinaryPrimitives.ReadUInt32LittleEndian(received[20..]);
            operation = received[30] == 1 ? (ushort)2 : operation;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(header, random.Next(200) == 0 ? Hostile.Value(random) : GuestCid);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], random.Next(100) == 0 ? Hostile.Value(random) : 2);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], guestPort);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], hostPort);
        BinaryPrimitives.WriteUInt32LittleEndian(header[24..], random.Next(50) == 0 ? (uint)Hostile.Value(random) : (uint)length);
        BinaryPrimitives.WriteUInt16LittleEndian(header[28..], (ushort)(random.Next(100) == 0 ? 2 : 1));
        BinaryPrimitives.WriteUInt16LittleEndian(header[30..], operation);
        BinaryPrimitives.WriteUInt32LittleEndian(header[32..], (uint)random.Next(4));
        BinaryPrimitives.WriteUInt32LittleEndian(header[36..], random.Next(8) == 0 ? (uint)Hostile.Value(random) : 0x4_0000);
        BinaryPrimitives.WriteUInt32LittleEndian(header[40..], random.Next(8) == 0 ? (uint)Hostile.Value(random) : 0);
    }
}
