using System.Buffers.Binary;
using System.Net.Sockets;
using Hearth.Linux;

namespace Hearth.Switch.Tests;

/// <summary>The switch with real sockets, as <c>hearth-vm</c> and passt speak to it.</summary>
public sealed class VirtualSwitchTests : IDisposable
{
    private static readonly string[] s_names = ["a", "b", "c", "lone"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hearth-switch-");
    private readonly List<string> _told = [];
    private readonly VirtualSwitch _switch;
    private readonly Thread _thread;

    public VirtualSwitchTests()
    {
        _switch = new VirtualSwitch(
            [.. s_names.Select((name, index) => (new SwitchPortOptions(name, [name == "lone" ? "other" : "lan"], Station(index)), Listener(name)))], Tell);
        _thread = new Thread(_switch.Run);
        _thread.Start();
    }

    public void Dispose()
    {
        End();
        _switch.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void Frame_arrivesAtItsStationAlone()
    {
        using Socket a = Connect("a");
        using Socket b = Connect("b");
        using Socket c = Connect("c");

        Send(a, Frame(1, 0, 100));
        Send(a, Frame(2, 0, 200));

        Assert.Equal(Frame(1, 0, 100), Receive(b));
        Assert.Equal(Frame(2, 0, 200), Receive(c));
    }

    [Fact]
    public void Frame_inPieces_arrivesWhole()
    {
        using Socket a = Connect("a");
        using Socket b = Connect("b");
        byte[] frame = Frame(1, 0, 60_000);
        byte[] stream = [0, 0, (byte)(frame.Length >> 8), (byte)frame.Length, .. frame];

        foreach (byte[] piece in stream.Chunk(7001))
            a.Send(piece);

        Assert.Equal(frame, Receive(b));
    }

    [Fact]
    public void Port_ofAnotherLan_hearsNothing()
    {
        using Socket a = Connect("a");
        using Socket b = Connect("b");
        using Socket lone = Connect("lone");

        Send(a, Frame(3, 0, 100));
        Send(a, Broadcast(0));

        Assert.Equal(Broadcast(0), Receive(b));
        Assert.Equal(0, lone.Available);
        End();
        Assert.Contains(_switch.Figures(), line => line.StartsWith("a: 1 forwarded, 0 delivered", StringComparison.Ordinal) && line.Contains("1 kept apart", StringComparison.Ordinal));
    }

    [Fact]
    public void Frame_ofAnothersStation_isRefusedAndToldOnce()
    {
        using Socket a = Connect("a");
        using Socket b = Connect("b");

        Send(a, Frame(1, 2, 100));
        Send(a, Frame(1, 2, 100));
        Send(a, Frame(1, 0, 100));

        Assert.Equal(Frame(1, 0, 100), Receive(b));
        Assert.Equal([$"the port a is of {Station(0)}, and sent as {Station(2)}"], _told);
    }

    [Fact]
    public void Second_onAPort_isTurnedAwayAndTheUserToldOnce()
    {
        using Socket first = Connect("a");
        using Socket b = Connect("b");
        Send(first, Frame(1, 0, 100));
        Receive(b);

        using Socket second = Connect("a");

        Assert.Equal(0, second.Receive(new byte[1]));
        using Socket third = Connect("a");
        Assert.Equal(0, third.Receive(new byte[1]));
        Send(first, Frame(1, 0, 101));
        Assert.Equal(101, Receive(b).Length);
        Assert.Equal(["the port a is in use: another guest that wanted it was turned away"], _told);
    }

    [Fact]
    public void Port_whoseGuestWentAway_takesTheNext()
    {
        using Socket b = Connect("b");
        Socket first = Connect("a");
        Send(first, Frame(1, 0, 100));
        Receive(b);
        first.Dispose();

        Socket again = Connect("a");
        while (again.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectRead))
        {
            again.Dispose();
            again = Connect("a");
        }

        Send(again, Frame(1, 0, 101));
        Assert.Equal(101, Receive(b).Length);
        again.Dispose();
    }

    [Theory]
    [InlineData(0U)]
    [InlineData(65554U)]
    [InlineData(uint.MaxValue)]
    public void Length_thatCannotBe_endsTheConnection(uint length)
    {
        using Socket a = Connect("a");
        byte[] prefix = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(prefix, length);

        a.Send(prefix);

        Assert.Equal(0, a.Receive(new byte[1]));
    }

    /// <summary>One port floods another as fast as it can, while a third sends some frames and expects each to arrive.</summary>
    [Fact]
    public void Flood_starvesNobody()
    {
        using Socket a = Connect("a");
        using Socket b = Connect("b");
        using Socket c = Connect("c");
        var flood = new Thread(() => Flood(a));
        flood.Start();
        int fromFlood = 0;
        int fromOther = 0;
        var sender = new Thread(() =>
        {
            for (int i = 0; i < 200; i++)
            {
                Send(c, Frame(1, 2, 700));
                Thread.Sleep(1);
            }
        });
        sender.Start();

        while (fromOther < 200)
        {
            byte[] frame = Receive(b);
            if (frame.Length == 700)
                fromOther++;
            else
                fromFlood++;
        }

        a.Shutdown(SocketShutdown.Both);
        sender.Join();
        flood.Join();
        Assert.True(fromFlood > 200, $"{fromFlood} frames of the flood arrived");
    }

    /// <summary>A receiver that takes nothing loses what is sent to it; others get theirs.</summary>
    [Fact]
    public void Receiver_thatStandsStill_keepsNobodyFromOthers()
    {
        using Socket a = Connect("a");
        using Socket b = Connect("b");
        using Socket c = Connect("c");
        for (int i = 0; i < 4000; i++)
            Send(a, Frame(1, 0, 1500));

        Send(a, Frame(2, 0, 300));

        Assert.Equal(300, Receive(c).Length);
        End();
        Assert.DoesNotContain(_switch.Figures(), line => line.StartsWith("b:", StringComparison.Ordinal) && line.Contains(" 0 lost", StringComparison.Ordinal));
    }

    private static EthernetAddress Station(int index) => new(0x02_48_54_00_00_01 + (ulong)index);

    private static byte[] Frame(int to, int from, int length)
    {
        byte[] frame = new byte[length];
        Write(frame, Station(to).Value);
        Write(frame.AsSpan(6), Station(from).Value);
        return frame;
    }

    private static byte[] Broadcast(int from)
    {
        byte[] frame = Frame(0, from, 64);
        Write(frame, 0xFFFF_FFFF_FFFF);
        return frame;
    }

    private static void Write(Span<byte> to, ulong address)
    {
        for (int i = 0; i < 6; i++)
            to[i] = (byte)(address >> (8 * (5 - i)));
    }

    /// <summary>Goes on until the socket is shut down.</summary>
    private static void Flood(Socket socket)
    {
        byte[] frame = Frame(1, 0, 1400);
        try
        {
            while (true)
                Send(socket, frame);
        }
        catch (SocketException)
        {
            // The test is over.
        }
    }

    private static void Send(Socket socket, byte[] frame)
    {
        byte[] stream = [0, 0, (byte)(frame.Length >> 8), (byte)frame.Length, .. frame];
        for (int sent = 0; sent < stream.Length;)
            sent += socket.Send(stream.AsSpan(sent));
    }

    private static byte[] Receive(Socket socket)
    {
        byte[] prefix = Receive(socket, 4);
        return Receive(socket, BinaryPrimitives.ReadInt32BigEndian(prefix));
    }

    private static byte[] Receive(Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        for (int done = 0; done < count;)
        {
            int part = socket.Receive(bytes.AsSpan(done));
            Assert.NotEqual(0, part);
            done += part;
        }

        return bytes;
    }

    private SafeSocketHandle Listener(string name) => new(FileDescriptor.Listen(Path.Combine(_folder.FullName, name)).Number, ownsHandle: true);

    private Socket Connect(string name)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 30_000 };
        socket.Connect(new UnixDomainSocketEndPoint(Path.Combine(_folder.FullName, name)));
        return socket;
    }

    private void Tell(string sentence)
    {
        lock (_told)
            _told.Add(sentence);
    }

    private void End()
    {
        _switch.Stop();
        _thread.Join();
    }
}
