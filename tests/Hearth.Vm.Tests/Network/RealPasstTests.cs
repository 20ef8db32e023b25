using System.Diagnostics;
using System.Net.Sockets;
using Hearth.Guests.Debian;
using Hearth.Vm.Network;

namespace Hearth.Vm.Tests.Network;

/// <summary>The port against Debian's passt, fetched into the cache when it is not there.</summary>
public sealed class RealPasstTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private static readonly byte[] s_mac = [0x52, 0x54, 0, 0x12, 0x34, 0x56];

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"hearth-passt-{Guid.NewGuid():n}");
    private readonly FrameReceiver _nic = new();

    // The port takes its handle over; until then a collected Socket would close it.
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public void Dispose()
    {
        _socket.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public void DhcpDiscover_IsAnsweredWithTheAddress()
    {
        using Process passt = StartPasst();
        using var port = new PasstPort(Connect());
        port.Connect(_nic);

        port.TrySend(DhcpFrame.Discover(s_mac, 0x1234_5678));
        port.Flush();

        byte[] offer = _nic.WaitFor(frame => DhcpFrame.IsReply(frame, 0x1234_5678));
        Assert.Equal([10, 77, 0, 2], DhcpFrame.OfferedAddress(offer));
    }

    [Fact]
    public void Port_Disposed_EndsPasst()
    {
        using Process passt = StartPasst();
        var port = new PasstPort(Connect());
        port.Connect(_nic);

        port.Dispose();

        Assert.True(passt.WaitForExit(s_patience));
    }

    [Fact]
    public void Passt_Killed_TakesTheLinkDown()
    {
        using Process passt = StartPasst();
        using var port = new PasstPort(Connect());
        port.Connect(_nic);

        passt.Kill();

        _nic.WaitForLinkDown();
    }

    private Process StartPasst()
    {
        string program = PackageCache.Default().Fetch("passt").File("usr/bin/passt");
        string[] arguments = ["--foreground", "--one-off", "--quiet", "--socket", _path, "-a", "10.77.0.2", "-n", "24", "-g", "10.77.0.1", "--ipv4-only"];
        return Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
    }

    private SafeSocketHandle Connect()
    {
        bool listening = SpinWait.SpinUntil(TryConnect, s_patience);
        Assert.True(listening, "passt did not listen.");
        return _socket.SafeHandle;
    }

    private bool TryConnect()
    {
        try
        {
            _socket.Connect(new UnixDomainSocketEndPoint(_path));
            return true;
        }
        catch (SocketException)
        {
            Thread.Sleep(20);
            return false;
        }
    }
}
