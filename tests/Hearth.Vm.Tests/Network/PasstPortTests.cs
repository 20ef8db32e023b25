using System.Buffers.Binary;
using System.Net.Sockets;
using Hearth.Linux;
using Hearth.Testing;
using Hearth.Vm.Network;

namespace Hearth.Vm.Tests.Network;

public sealed class PasstPortTests : IDisposable
{
    private readonly SocketPair _sockets = new();
    private readonly FrameReceiver _nic = new();
    private readonly PasstPort _port;

    public PasstPortTests() => _port = new PasstPort(_sockets.Near.SafeHandle);

    public void Dispose()
    {
        _port.Dispose();
        _sockets.Dispose();
    }

    [Fact]
    public void Dispose_EndsTheProcessAtTheOtherEnd()
    {
        using var anything = FileDescriptor.CreateMemory("inherited", 0);
        int sleeper = ProcessImage.Spawn("/bin/sleep", ["sleep", "600"], anything);
        using var sockets = new SocketPair();
        var port = new PasstPort(sockets.Near.SafeHandle, sleeper);

        port.Dispose();

        Assert.False(Directory.Exists($"/proc/{sleeper}"));
    }

    [Fact]
    public void Send_PutsTheLengthBeforeTheFrame()
    {
        _port.Connect(_nic);

        _port.TrySend([1, 2, 3, 4, 5]);
        _port.Flush();

        Assert.Equal([0, 0, 0, 5, 1, 2, 3, 4, 5], _sockets.Receive(9));
    }

    [Fact]
    public void Frames_SentTogether_LeaveInOnePiece()
    {
        _port.Connect(_nic);

        _port.TrySend([1]);
        _port.TrySend([2, 3]);
        int before = _sockets.Far.Available;
        _port.Flush();

        Assert.Equal(0, before);
        Assert.Equal([0, 0, 0, 1, 1, 0, 0, 0, 2, 2, 3], _sockets.Receive(11));
    }

    [Fact]
    public void Frames_OfManyBytes_DoNotWaitForTheLast()
    {
        _port.Connect(_nic);

        _port.TrySend(new byte[65535]);
        _port.TrySend([1]);

        Assert.Equal(4 + 65535, _sockets.Receive(4 + 65535).Length);
        Assert.Equal(0, _sockets.Far.Available);
    }

    [Fact]
    public void Frames_InOnePiece_ArriveOneByOne()
    {
        _port.Connect(_nic);

        _sockets.Send([0, 0, 0, 2, 1, 2, 0, 0, 0, 3, 3, 4, 5]);

        Assert.Equal([3, 4, 5], _nic.WaitFor(frame => frame.Length == 3));
        Assert.Equal([1, 2], _nic.WaitFor(frame => frame.Length == 2));
    }

    [Fact]
    public void Frame_InManyPieces_ArrivesWhole()
    {
        _port.Connect(_nic);
        byte[] frame = new byte[60_000];
        new Random(1).NextBytes(frame);
        byte[] prefixed = [.. BigEndian(frame.Length), .. frame];

        Assert.All(prefixed.Chunk(1777), piece => _sockets.Send(piece));

        Assert.Equal(frame, _nic.WaitFor(f => f.Length == frame.Length));
    }

    [Fact]
    public void Frame_Refused_IsOfferedAgainAndNoneIsLost()
    {
        _nic.Refuses = true;
        _port.Connect(_nic);
        _sockets.Send([0, 0, 0, 1, 7, 0, 0, 0, 1, 8]);
        _nic.WaitForRefusal();
        int refused = _nic.Refused;

        _nic.Refuses = false;
        _port.ResumeReceive();

        Assert.Equal(2, _nic.WaitForFrames(2));
        Assert.Equal(1, refused);
    }

    [Fact]
    public void Send_WhenNobodyReads_RefusesUntilThereIsRoomAndLosesNothing()
    {
        _port.Connect(_nic);
        int sent = 0;
        while (_port.TrySend(Numbered(sent)))
            sent++;
        int early = _nic.Resumes;

        for (int i = 0; i < sent; i++)
            Assert.Equal(Numbered(i), _sockets.Receive(4 + Numbered(i).Length)[4..]);
        _nic.WaitForResume();
        Assert.True(_port.TrySend([9]));
        _port.Flush();

        Assert.Equal([0, 0, 0, 1, 9], _sockets.Receive(5));
        Assert.Equal((0, 1, 0), (early, _nic.Resumes, _port.DroppedFrames));
    }

    [Fact]
    public void Passt_Ending_LetsAFrameGoForWhichThereWasNoRoom()
    {
        _port.Connect(_nic);
        while (_port.TrySend(new byte[50_000]))
        {
        }

        _sockets.Far.Dispose();
        _nic.WaitForResume();

        Assert.True(_port.TrySend([9]));
        Assert.Equal(1, _port.DroppedFrames);
    }

    [Fact]
    public void Passt_Ending_TakesTheLinkDownAndSendsAreLost()
    {
        _port.Connect(_nic);

        _sockets.Far.Dispose();
        _nic.WaitForLinkDown();
        _port.TrySend([1, 2, 3]);

        Assert.Equal(1, _port.DroppedFrames);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(70_000)]
    public void Length_Impossible_TakesTheLinkDown(int length)
    {
        _port.Connect(_nic);

        _sockets.Send(BigEndian(length));

        _nic.WaitForLinkDown();
        Assert.Equal(0, _sockets.Far.Receive(new byte[1], SocketFlags.None, out _));
    }

    [Fact]
    public void Dispose_WhileAFrameIsRefused_Returns()
    {
        _nic.Refuses = true;
        _port.Connect(_nic);
        _sockets.Send([0, 0, 0, 1, 7]);
        _nic.WaitForRefusal();

        _port.Dispose();

        _nic.WaitForLinkDown();
    }

    [Fact]
    public void Send_InSteadyState_AllocatesNothing()
    {
        _port.Connect(_nic);
        byte[] frame = new byte[100];

        long allocated = Allocations.Of(() => SendMany(frame), prepare: () => _sockets.Receive(_sockets.Far.Available));

        Assert.Equal(0, allocated);
    }

    private static byte[] Numbered(int number)
    {
        byte[] frame = new byte[50_000];
        BinaryPrimitives.WriteInt32BigEndian(frame, number);
        return frame;
    }

    private void SendMany(byte[] frame)
    {
        for (int i = 0; i < 100; i++)
            _port.TrySend(frame);
        _port.Flush();
    }

    private static byte[] BigEndian(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
