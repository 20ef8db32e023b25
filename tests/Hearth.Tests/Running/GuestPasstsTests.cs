using System.Net.Sockets;
using Hearth.Running;

namespace Hearth.Tests.Running;

public sealed class GuestPasstsTests
{
    /// <summary>The name is there from bind(2) on, and whoever connects then is refused.</summary>
    [Fact]
    public void Listening_isNotYet_whereTheSocketIsJustThere()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        (bool Exists, bool Listens) bound = (File.Exists(path), GuestPassts.IsListening(path));
        socket.Listen(1);
        using var peer = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        peer.Connect(new UnixDomainSocketEndPoint(path));
        using Socket accepted = socket.Accept();
        bool listens = GuestPassts.IsListening(path);
        bool otherListens = GuestPassts.IsListening(path[..^1]);
        socket.Dispose();
        bool isOver = !GuestPassts.IsListening(path);
        File.Delete(path);

        Assert.Equal((true, false), bound);
        Assert.True(listens);
        Assert.False(otherListens);
        Assert.True(isOver);
    }
}
