using System.Buffers.Binary;
using Hearth.Devices.Virtio.Vsock;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Virtio;

public class VirtioVsockDeviceTests
{
    private const uint Cid = 7;
    private const uint Credit = 0x10000;
    private const ushort Request = 1;
    private const ushort Response = 2;
    private const ushort Reset = 3;
    private const ushort Shutdown = 4;
    private const ushort ReadWrite = 5;
    private const ushort CreditUpdate = 6;
    private const ushort CreditRequest = 7;
    private const uint GuestPort = 1000;
    private const uint HostPort = 52;
    private const ulong Sent = 0x40000;
    private const ulong Buffers = 0x80000;
    private const ulong EventBuffer = 0xA0000;
    private const uint BufferLength = 4096;

    private readonly FakeVsockHost _host = new();
    private readonly VirtioRig _rig;
    private int _buffer;
    private int _outstanding;

    public VirtioVsockDeviceTests()
    {
        _rig = new VirtioRig(context => new VirtioVsockDevice("virtio-vsock0", _host, Cid, context));
        _rig.Start(VirtioRig.Version1 | 1, 32);
    }

    [Fact]
    public void Configuration_IsTheGuestsAddress() => Assert.Equal(Cid, _rig.ReadDevice(0, AccessWidth.Qword));

    [Fact]
    public void Request_ForAPortWithAProgram_IsAnswered()
    {
        FakeVsockHost.FakeStream program = _host.Listen(HostPort);
        OfferBuffers(2);

        Send(Request);

        Packet answer = Receive();
        Assert.Equal((Response, 2UL, (ulong)Cid, HostPort, GuestPort), (answer.Operation, answer.SourceCid, answer.DestinationCid, answer.SourcePort, answer.DestinationPort));
        Assert.True(answer.Allocation >= 0x10000);
        Assert.Equal((true, false), program.Awaits);
    }

    [Theory]
    [InlineData(Request, 2UL, 1)]
    [InlineData(Request, 9UL, 1)]
    [InlineData(Request, 2UL, 2)]
    [InlineData(ReadWrite, 2UL, 1)]
    [InlineData(CreditRequest, 2UL, 1)]
    [InlineData(99, 2UL, 1)]
    public void Packet_ForNobody_IsAnsweredByReset(ushort operation, ulong to, ushort type)
    {
        if (to != 2 || type != 1)
            _host.Listen(HostPort);
        OfferBuffers(2);

        Send(operation, to: to, type: type);

        Assert.Equal((Reset, HostPort, GuestPort), (Receive().Operation, LastReceived.SourcePort, LastReceived.DestinationPort));
    }

    /// <summary>A driver with event indices announces the first of many packets only.</summary>
    [Fact]
    public void Packets_ForNobody_AreAllAnsweredAfterOneNotification()
    {
        const ushort Size = 128;
        var rig = new VirtioRig(context => new VirtioVsockDevice("virtio-vsock0", new FakeVsockHost(), Cid, context));
        rig.Start(VirtioRig.Version1 | 1, Size);
        WriteHeader(rig.Machine.Ram.Bytes.AsSpan((int)Sent), ReadWrite);
        for (int i = 0; i < Size; i++)
        {
            rig.Queue(0).Add(new TestDescriptor(Buffers, BufferLength, Writable: true));
            rig.Queue(1).Add(new TestDescriptor(Sent, 44));
        }

        rig.Kick(1);

        Assert.Equal((Size, Size), (rig.Queue(1).UsedIndex, rig.Queue(0).UsedIndex));
    }

    [Fact]
    public void Reset_ForNobody_IsNotAnswered()
    {
        OfferBuffers(2);

        Send(Reset);

        Assert.False(TryReceive(out _));
    }

    [Fact]
    public void Packet_FromAnotherAddress_IsDropped()
    {
        _host.Listen(HostPort);
        OfferBuffers(2);

        Send(Request, from: Cid + 1);

        Assert.False(TryReceive(out _));
        Assert.Equal(1, _rig.Machine.Log.Count);
    }

    [Fact]
    public void Packet_ShorterThanItsHeader_IsDropped()
    {
        _rig.Queue(1).Add(new TestDescriptor(Sent, 43));

        _rig.Kick(1);

        Assert.True(_rig.Queue(1).TryTakeUsed(out _, out _));
        Assert.Equal(1, _rig.Machine.Log.Count);
    }

    [Fact]
    public void Data_OfTheGuest_ReachesTheProgram()
    {
        FakeVsockHost.FakeStream program = Establish();

        Send(ReadWrite, data: [1, 2, 3]);

        Assert.Equal([1, 2, 3], program.Got[..program.GotLength]);
    }

    [Fact]
    public void Data_OfTheProgram_ReachesTheGuestInItsOrder()
    {
        FakeVsockHost.FakeStream program = Establish();
        byte[] data = [.. Enumerable.Range(0, 10_000).Select(i => (byte)i)];
        OfferBuffers(6);

        program.Say(data);
        _host.Guest.Ready(program);

        byte[] got = [.. ReceiveAll().SelectMany(packet => packet.Data)];
        Assert.Equal(data, got);
        Assert.Equal((true, false), program.Awaits);
    }

    [Fact]
    public void Data_OfTheProgram_WaitsForCredit()
    {
        FakeVsockHost.FakeStream program = Establish(credit: 100);
        OfferBuffers(6);
        program.Say(new byte[250]);

        _host.Guest.Ready(program);
        int first = ReceiveAll().Sum(packet => packet.Data.Length);
        Send(CreditUpdate, credit: 100, forwarded: 100);
        int second = ReceiveAll().Sum(packet => packet.Data.Length);
        Send(CreditUpdate, credit: 100, forwarded: 200);
        int third = ReceiveAll().Sum(packet => packet.Data.Length);

        Assert.Equal((100, 100, 50), (first, second, third));
    }

    [Fact]
    public void Data_OfTheProgram_WaitsForBuffers()
    {
        FakeVsockHost.FakeStream program = Establish();
        program.Say([5, 6]);

        _host.Guest.Ready(program);
        bool before = TryReceive(out _);
        OfferBuffers(1);

        Assert.False(before);
        Assert.Equal([5, 6], Receive().Data);
    }

    [Fact]
    public void Data_TheProgramHasNoRoomFor_WaitsAndIsCredited()
    {
        FakeVsockHost.FakeStream program = Establish();
        program.Room = 1000;
        OfferBuffers(4);

        for (int i = 0; i < 4; i++)
            Send(ReadWrite, data: new byte[0xC000]);
        (int before, (bool, bool) awaits) = (program.GotLength, program.Awaits);
        program.Room = 1 << 20;
        _host.Guest.Ready(program);
        Packet told = Receive();

        Assert.Equal((1000, (true, true)), (before, awaits));
        Assert.Equal(4 * 0xC000, program.GotLength);
        Assert.Equal((CreditUpdate, 4U * 0xC000), (told.Operation, told.Forwarded));
    }

    [Fact]
    public void Data_BeyondTheCredit_EndsTheConnection()
    {
        FakeVsockHost.FakeStream program = Establish();
        program.Room = 0;
        OfferBuffers(4);

        for (int i = 0; i < 5; i++)
            Send(ReadWrite, data: new byte[0x10000]);

        Assert.Equal(Reset, Receive().Operation);
        Assert.True(program.IsClosed);
    }

    [Theory]
    [InlineData(100U, 99)]
    [InlineData(0x10001U, 0x10001)]
    [InlineData(uint.MaxValue, 0)]
    public void Data_ThatIsNotThereOrTooMuch_EndsTheConnection(uint claimed, int actual)
    {
        FakeVsockHost.FakeStream program = Establish();
        OfferBuffers(1);

        Send(ReadWrite, data: new byte[actual], length: claimed);

        Assert.Equal(Reset, Receive().Operation);
        Assert.True(program.IsClosed);
    }

    [Fact]
    public void CreditRequest_IsAnswered()
    {
        Establish();
        OfferBuffers(1);

        Send(CreditRequest);

        Assert.Equal(CreditUpdate, Receive().Operation);
    }

    [Fact]
    public void Connection_OfAProgram_IsConfirmedWhenTheGuestTakesIt()
    {
        var program = new FakeVsockHost.FakeStream();
        OfferBuffers(2);

        bool isAsked = _host.Guest.TryConnect(program, GuestPort);
        Packet request = Receive();
        uint? early = program.Confirmed;
        Send(Response, hostPort: request.SourcePort);

        Assert.True(isAsked);
        Assert.Equal((Request, GuestPort), (request.Operation, request.DestinationPort));
        Assert.Null(early);
        Assert.Equal(request.SourcePort, program.Confirmed);
    }

    [Fact]
    public void Connection_OfAProgram_ThatTheGuestRefuses_IsClosed()
    {
        var program = new FakeVsockHost.FakeStream();
        OfferBuffers(2);
        _host.Guest.TryConnect(program, GuestPort);

        Send(Reset, hostPort: Receive().SourcePort);

        Assert.True(program.IsClosed);
        Assert.Null(program.Confirmed);
    }

    [Fact]
    public void Connection_WithoutADriver_IsRefused()
    {
        _rig.Status = 0;

        Assert.False(_host.Guest.TryConnect(new FakeVsockHost.FakeStream(), GuestPort));
    }

    [Fact]
    public void Connections_BeyondTheMost_AreRefused()
    {
        int taken = Enumerable.Range(0, 300).Count(i => _host.Guest.TryConnect(new FakeVsockHost.FakeStream(), GuestPort));

        Assert.Equal(256, taken);
    }

    [Fact]
    public void Program_ThatSaysNoMore_ShutsItsDirection()
    {
        FakeVsockHost.FakeStream program = Establish();
        OfferBuffers(2);
        program.Say([9]);
        program.IsEnded = true;

        _host.Guest.Ready(program);
        Packet[] packets = [.. ReceiveAll()];
        Send(ReadWrite, data: [1]);

        Assert.Equal([(ReadWrite, 0U), (Shutdown, 2U)], packets.Select(packet => (packet.Operation, packet.Flags)));
        Assert.Equal(1, program.GotLength);
    }

    [Fact]
    public void Guest_ThatSendsNoMore_EndsTheProgramsInputAfterItsLastByte()
    {
        FakeVsockHost.FakeStream program = Establish();
        program.Room = 0;
        Send(ReadWrite, data: [1, 2]);

        Send(Shutdown, flags: 2);
        bool early = program.HasEndedSend;
        program.Room = 10;
        _host.Guest.Ready(program);

        Assert.False(early);
        Assert.True(program.HasEndedSend);
        Assert.False(program.IsClosed);
        Assert.Equal(2, program.GotLength);
    }

    [Fact]
    public void Guest_ThatCloses_IsAnsweredByReset()
    {
        FakeVsockHost.FakeStream program = Establish();
        OfferBuffers(1);

        Send(Shutdown, flags: 3);

        Assert.Equal(Reset, Receive().Operation);
        Assert.True(program.IsClosed);
    }

    [Fact]
    public void Guest_ThatForgetsWhatItClosed_LosesNoByte()
    {
        FakeVsockHost.FakeStream program = Establish();
        program.Room = 0;
        OfferBuffers(2);
        Send(ReadWrite, data: [1, 2]);
        Send(Shutdown, flags: 3);
        Send(Reset);

        program.Room = 10;
        _host.Guest.Ready(program);

        Assert.Equal(2, program.GotLength);
        Assert.True(program.IsClosed);
        Assert.False(TryReceive(out _));
    }

    [Fact]
    public void Answers_ThatFindNoBuffer_StopTheGuestsPackets()
    {
        for (int i = 0; i < 100; i++)
        {
            Send(ReadWrite, guestPort: GuestPort + (uint)i);
            if (!_rig.Queue(1).TryTakeUsed(out _, out _))
                break;
        }

        const int StalledAt = 64;
        OfferBuffers(10);
        Packet[] answers = [.. ReceiveAll()];

        Assert.Equal([.. Enumerable.Range(0, 10).Select(i => GuestPort + (uint)i)], answers.Select(answer => answer.DestinationPort));
        Assert.True(_rig.Queue(1).UsedIndex > StalledAt);
    }

    /// <summary>A guest that gives no buffers and opens and resets connections for ever must not fill the queue of those that wait for buffers.</summary>
    [Fact]
    public void Connection_ThatIsGone_WaitsForNoBuffer()
    {
        var connections = new VsockConnections();
        var first = new VsockConnection(new FakeVsockHost.FakeStream(), HostPort, GuestPort);
        var second = new VsockConnection(new FakeVsockHost.FakeStream(), HostPort, GuestPort + 1);
        foreach (VsockConnection connection in (VsockConnection[])[first, second])
        {
            connections.TryAdd(connection);
            connection.Ask(VsockOperation.Response);
            connections.Enqueue(connection);
        }

        connections.Remove(first);

        Assert.Same(second, connections.Dequeue());
        Assert.False(connections.HasWaiting);
    }

    [Fact]
    public void Restored_WithAConnection_TellsTheTransportReset()
    {
        Establish();
        byte[] saved = TestMachine.Save(_rig.Function);
        var other = new VirtioVsockDeviceTests();
        _rig.Machine.Ram.Bytes.CopyTo(other._rig.Machine.Ram.Bytes, 0);

        TestMachine.Restore(other._rig.Function, saved);
        other._rig.Function.Resume();
        bool early = _rig.Queue(2).UsedIndex != 0;
        other._rig.Queue(2).Add(new TestDescriptor(EventBuffer, 8, Writable: true));
        other._rig.Machine.Ram.Bytes[EventBuffer] = 0xFF;
        other._rig.Kick(2);

        Assert.False(early);
        Assert.True(other._rig.Queue(2).TryTakeUsed(out _, out uint written));
        Assert.Equal((4U, 0U), (written, BinaryPrimitives.ReadUInt32LittleEndian(other._rig.Machine.Ram.Bytes.AsSpan((int)EventBuffer))));
    }

    [Fact]
    public void Restored_WithoutAConnection_TellsNothing()
    {
        byte[] saved = TestMachine.Save(_rig.Function);
        _rig.Queue(2).Add(new TestDescriptor(EventBuffer, 8, Writable: true));

        TestMachine.Restore(_rig.Function, saved);
        _rig.Function.Resume();

        Assert.False(_rig.Queue(2).TryTakeUsed(out _, out _));
    }

    [Fact]
    public void DeviceReset_ClosesEveryStream()
    {
        FakeVsockHost.FakeStream program = Establish();

        _rig.Status = 0;

        Assert.True(program.IsClosed);
    }

    [Fact]
    public void Data_BothWays_AllocatesNothing()
    {
        FakeVsockHost.FakeStream program = Establish();
        byte[] data = new byte[64];

        long allocated = Allocations.Of(
            () =>
            {
                _rig.Kick(1);
                _host.Guest.Ready(program);
            },
            () =>
            {
                program.Say(data);
                OfferBuffers(1);
                AddPacket(ReadWrite, data: data);
            });

        Assert.Equal(0, allocated);
    }

    /// <summary>Random packets with buffers now and then: nothing throws, and a queue that is kept right never breaks.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Packets_AtRandom_BreakNothing(int seed)
    {
        var random = new Random(seed);
        var programs = new List<FakeVsockHost.FakeStream>();
        int unsent = 0;
        for (int i = 0; i < 20_000; i++)
        {
            if (random.Next(20) == 0)
                programs.Add(_host.Listen(HostPort + (uint)random.Next(3)));
            if (random.Next(20) == 0 && programs.Count != 0)
                Disturb(programs[random.Next(programs.Count)], random);
            if (random.Next(3) == 0 && _outstanding < 8)
                OfferBuffers(1);
            if (unsent < 12)
            {
                SendAtRandom(random);
                unsent++;
            }

            while (_rig.Queue(1).TryTakeUsed(out _, out _))
                unsent--;
            _ = ReceiveAll().Count();
        }

        Assert.Equal(15, _rig.Status);
    }

    private void SendAtRandom(Random random) => Send(
        (ushort)random.Next(9),
        hostPort: HostPort + (uint)random.Next(3),
        guestPort: GuestPort + (uint)random.Next(3),
        to: random.Next(30) == 0 ? 9UL : 2,
        data: new byte[random.Next(200)],
        length: random.Next(30) == 0 ? (uint)random.Next() : null,
        flags: (uint)random.Next(4),
        credit: (uint)random.Next(3000),
        forwarded: (uint)random.Next(3000));

    private void Disturb(FakeVsockHost.FakeStream program, Random random)
    {
        program.Say(new byte[random.Next(3000)]);
        program.IsEnded = random.Next(5) == 0;
        program.Room = random.Next(2000);
        _host.Guest.Ready(program);
    }

    private Packet LastReceived { get; set; }

    private FakeVsockHost.FakeStream Establish(uint credit = Credit)
    {
        FakeVsockHost.FakeStream program = _host.Listen(HostPort);
        OfferBuffers(1);
        Send(Request, credit: credit);
        Assert.Equal(Response, Receive().Operation);
        return program;
    }

    private void OfferBuffers(int count)
    {
        _outstanding += count;
        for (int i = 0; i < count; i++)
        {
            ulong at = Buffers + (ulong)(_buffer++ % 16 * BufferLength);
            _rig.Queue(0).Add(new TestDescriptor(at, 44, Writable: true), new TestDescriptor(at + 44, BufferLength - 44, Writable: true));
        }

        _rig.Kick();
    }

    private void Send(
        ushort operation, uint hostPort = HostPort, uint guestPort = GuestPort, ulong from = Cid, ulong to = 2, ushort type = 1, byte[]? data = null, uint? length = null,
        uint flags = 0, uint credit = Credit, uint forwarded = 0)
    {
        AddPacket(operation, hostPort, guestPort, from, to, type, data, length, flags, credit, forwarded);
        _rig.Kick(1);
    }

    private void AddPacket(
        ushort operation, uint hostPort = HostPort, uint guestPort = GuestPort, ulong from = Cid, ulong to = 2, ushort type = 1, byte[]? data = null, uint? length = null,
        uint flags = 0, uint credit = Credit, uint forwarded = 0)
    {
        data ??= [];
        Span<byte> raw = _rig.Machine.Ram.Bytes.AsSpan((int)Sent);
        WriteHeader(raw, operation, hostPort, guestPort, from, to, type, length ?? (uint)data.Length, flags, credit, forwarded);
        data.CopyTo(raw[44..]);
        _rig.Queue(1).Add(new TestDescriptor(Sent, 44), new TestDescriptor(Sent + 44, (uint)data.Length));
    }

    private static void WriteHeader(
        Span<byte> raw, ushort operation, uint hostPort = HostPort, uint guestPort = GuestPort, ulong from = Cid, ulong to = 2, ushort type = 1, uint length = 0,
        uint flags = 0, uint credit = Credit, uint forwarded = 0)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(raw, from);
        BinaryPrimitives.WriteUInt64LittleEndian(raw[8..], to);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[16..], guestPort);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[20..], hostPort);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[24..], length);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[28..], type);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[30..], operation);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[32..], flags);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[36..], credit);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[40..], forwarded);
    }

    private Packet Receive() => TryReceive(out Packet packet) ? packet : throw new InvalidOperationException("the guest got no packet");

    private IEnumerable<Packet> ReceiveAll()
    {
        while (TryReceive(out Packet packet))
            yield return packet;
    }

    private bool TryReceive(out Packet packet)
    {
        packet = default;
        if (!_rig.Queue(0).TryTakeUsed(out uint head, out uint written))
            return false;
        _outstanding--;
        ulong at = BinaryPrimitives.ReadUInt64LittleEndian(_rig.Machine.Ram.Bytes.AsSpan((int)_rig.Queue(0).Descriptors + ((int)head * 16)));
        ReadOnlySpan<byte> raw = _rig.Machine.Ram.Bytes.AsSpan((int)at, (int)written);
        packet = new Packet(
            BinaryPrimitives.ReadUInt64LittleEndian(raw),
            BinaryPrimitives.ReadUInt64LittleEndian(raw[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(raw[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(raw[20..]),
            BinaryPrimitives.ReadUInt16LittleEndian(raw[30..]),
            BinaryPrimitives.ReadUInt32LittleEndian(raw[32..]),
            BinaryPrimitives.ReadUInt32LittleEndian(raw[36..]),
            BinaryPrimitives.ReadUInt32LittleEndian(raw[40..]),
            raw[44..].ToArray());
        LastReceived = packet;
        return true;
    }

    private readonly record struct Packet(
        ulong SourceCid, ulong DestinationCid, uint SourcePort, uint DestinationPort, ushort Operation, uint Flags, uint Allocation, uint Forwarded, byte[] Data);
}
