using System.Net.Sockets;
using System.Text;
using Hearth.Linux;
using Hearth.Machine;
using Hearth.Vm.Vsock;

namespace Hearth.Vm.Tests.Vsock;

public sealed class VsockSwitchboardTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"hearth-vsock-{Guid.NewGuid():n}");
    private readonly RecordingGuest _guest = new();
    private readonly VsockSwitchboard _switchboard;

    public VsockSwitchboardTests()
    {
        FileDescriptor listener = FileDescriptor.Listen(_path);
        _switchboard = new VsockSwitchboard(new SafeSocketHandle(listener.Number, ownsHandle: true));
        _switchboard.Connect(_guest);
    }

    public void Dispose()
    {
        _switchboard.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public void Connect_toAPortOfTheGuest_isConfirmedByTheGuest()
    {
        using Socket program = Dial("CONNECT 1234\n");

        (IVsockStream stream, uint port) = TakeConnection();
        stream.Confirm(77);

        Assert.Equal(1234U, port);
        Assert.Equal("OK 77\n", ReadLine(program));
    }

    [Fact]
    public void Connect_thatTheGuestRefuses_isClosed()
    {
        _guest.Refuses = true;

        using Socket program = Dial("CONNECT 1234\n");

        Assert.Equal("", ReadLine(program));
    }

    [Fact]
    public void Line_inPieces_isReadToItsEndAndNoFurther()
    {
        using Socket program = Dial("CONN");
        Thread.Sleep(50);
        program.Send("ECT 5\nfirst"u8);

        IVsockStream stream = TakeConnection().Stream;
        byte[] bytes = new byte[100];
        int count = stream.Receive(bytes);

        Assert.Equal("first", Encoding.UTF8.GetString(bytes, 0, count));
        Assert.Equal(0, stream.Receive(bytes));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("HELLO 5\n")]
    [InlineData("CONNECT\n")]
    [InlineData("CONNECT five\n")]
    [InlineData("CONNECT 5 6\n")]
    [InlineData("CONNECT -1\n")]
    [InlineData("CONNECT 4294967296\n")]
    [InlineData("CONNECT 00000000000000000000000000000000000005\n")]
    [InlineData("LISTEN \n")]
    public void Line_thatMakesNoSense_endsTheStream(string line)
    {
        using Socket program = Dial(line);

        Assert.Equal("", ReadLine(program));
        Assert.Empty(_guest.Connections);
    }

    [Fact]
    public void Listen_atAPort_takesOneConnectionOfTheGuest()
    {
        using Socket program = Dial("LISTEN 52\n");
        string answer = ReadLine(program);

        IVsockStream? other = _switchboard.Accept(53, 9);
        IVsockStream? stream = _switchboard.Accept(52, 9);
        IVsockStream? second = _switchboard.Accept(52, 10);

        Assert.Equal(("LISTENING 52\n", "OK 9\n"), (answer, ReadLine(program)));
        Assert.NotNull(stream);
        Assert.Null(other);
        Assert.Null(second);
    }

    [Fact]
    public void Listen_byAProgramThatWentAway_isForgotten()
    {
        Socket program = Dial("LISTEN 52\n");
        ReadLine(program);
        program.Dispose();

        Assert.True(SpinWait.SpinUntil(() => _switchboard.Accept(52, 9) is null, s_patience));
    }

    [Fact]
    public void Listen_severalPrograms_areTakenInTheirOrder()
    {
        using Socket first = Dial("LISTEN 52\n");
        ReadLine(first);
        using Socket second = Dial("LISTEN 52\n");
        ReadLine(second);

        _switchboard.Accept(52, 1);
        _switchboard.Accept(52, 2);

        Assert.Equal(("OK 1\n", "OK 2\n"), (ReadLine(first), ReadLine(second)));
    }

    [Fact]
    public void Await_input_tellsOnce()
    {
        using Socket program = Dial("CONNECT 1\n");
        IVsockStream stream = TakeConnection().Stream;
        stream.Await(input: true, room: false);

        program.Send("one"u8);
        bool isTold = _guest.ReadyStreams.TryTake(out IVsockStream? ready, s_patience);
        program.Send("two"u8);
        bool isToldAgain = _guest.ReadyStreams.TryTake(out _, TimeSpan.FromMilliseconds(100));

        Assert.True(isTold);
        Assert.Same(stream, ready);
        Assert.False(isToldAgain);
    }

    [Fact]
    public void Await_room_tellsWhenTheProgramHasRead()
    {
        using Socket program = Dial("CONNECT 1\n");
        IVsockStream stream = TakeConnection().Stream;
        byte[] bytes = new byte[65536];
        while (stream.Send(bytes) > 0)
            continue;
        stream.Await(input: false, room: true);
        bool early = _guest.ReadyStreams.TryTake(out _, TimeSpan.FromMilliseconds(100));

        for (int got = 0; got < 1 << 20;)
        {
            if (program.Available == 0)
                break;
            got += program.Receive(bytes);
        }

        Assert.False(early);
        Assert.True(_guest.ReadyStreams.TryTake(out _, s_patience));
    }

    [Fact]
    public void Program_thatEnds_isSeenAndNothingMoreIsTaken()
    {
        Socket program = Dial("CONNECT 1\n");
        IVsockStream stream = TakeConnection().Stream;
        stream.Await(input: true, room: false);

        program.Dispose();

        Assert.True(_guest.ReadyStreams.TryTake(out _, s_patience));
        Assert.Equal(IVsockStream.Ended, stream.Receive(new byte[1]));
        Assert.Equal(IVsockStream.Ended, stream.Send(new byte[1]));
    }

    [Fact]
    public void Close_endsTheProgramsStream()
    {
        using Socket program = Dial("CONNECT 1\n");
        IVsockStream stream = TakeConnection().Stream;

        stream.Close();
        stream.Close();

        Assert.Equal("", ReadLine(program));
        Assert.Equal(IVsockStream.Ended, stream.Send(new byte[1]));
    }

    private Socket Dial(string line)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = (int)s_patience.TotalMilliseconds };
        socket.Connect(new UnixDomainSocketEndPoint(_path));
        socket.Send(Encoding.UTF8.GetBytes(line));
        return socket;
    }

    private (IVsockStream Stream, uint Port) TakeConnection()
    {
        Assert.True(_guest.Connections.TryTake(out (IVsockStream, uint) connection, s_patience));
        return connection;
    }

    /// <returns>What came before the end of the stream, where that comes first. Neither in time fails the test.</returns>
    private static string ReadLine(Socket program)
    {
        var line = new StringBuilder();
        byte[] one = new byte[1];
        SocketError error = SocketError.Success;
        while (!line.ToString().EndsWith('\n') && program.Receive(one, SocketFlags.None, out error) == 1)
            line.Append((char)one[0]);

        // One that is closed before all was read is reset.
        Assert.Contains(error, (SocketError[])[SocketError.Success, SocketError.ConnectionReset]);
        return line.ToString();
    }
}
