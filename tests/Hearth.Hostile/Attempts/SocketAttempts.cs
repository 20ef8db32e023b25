using System.Buffers.Binary;
using System.Text;
using Hearth.Hostile.Interop;

namespace Hearth.Hostile.Attempts;

/// <summary>To talk to somebody.</summary>
internal static class SocketAttempts
{
    private const int Socket = 41;
    private const int Connect = 42;
    private const int SendTo = 44;
    private const int Stream = 1;
    private const int Datagram = 2;
    private const int Raw = 3;
    private const int Unix = 1;
    private const int Internet = 2;
    private const int Internet6 = 10;
    private const int Netlink = 16;
    private const int Packet = 17;
    private const int Vsock = 40;
    private const int Algorithm = 38;

    public static IEnumerable<Attempt> All(Victims victims)
    {
        foreach ((string name, int domain, int type) in ((string, int, int)[])
            [
                ("an internet socket", Internet, Stream), ("a datagram socket", Internet, Datagram), ("a raw socket", Internet, Raw), ("an IPv6 socket", Internet6, Stream),
                ("a Unix socket", Unix, Stream), ("a Unix datagram socket", Unix, Datagram), ("a netlink socket", Netlink, Raw), ("a packet socket", Packet, Raw),
                ("a vsock", Vsock, Stream), ("a socket for cryptography", Algorithm, 5),
            ])
        {
            yield return new($"make {name}", () => RawCall.Make(Socket, domain, type, 0));
        }

        yield return new("connect to the host's port", () => ConnectNew(Internet, InternetAddress(victims.Port)));
        yield return new("connect to an abstract socket", () => ConnectNew(Unix, UnixAddress($"\0{victims.AbstractName}", "")));
        yield return new("connect to a socket with a path", () => ConnectNew(Unix, UnixAddress(victims.SocketPath, "\0")));
        yield return new("connect the given socket elsewhere", () => WithAddress(UnixAddress($"\0{victims.AbstractName}", ""), (address, length) => RawCall.Make(Connect, GivenNumber.Socket, address, length)));
        yield return new("send to an address", () => WithAddress(UnixAddress($"\0{victims.AbstractName}", ""), (address, length) => RawCall.Make(SendTo, GivenNumber.Socket, address, 1, 0, address, length)));
        yield return new("bind the given socket", () => WithAddress(UnixAddress("\0hostile", ""), (address, length) => RawCall.Make(49, GivenNumber.Socket, address, length)));
        yield return new("listen", () => RawCall.Make(50, GivenNumber.Socket, 1));
        yield return new("make a pair of sockets", () => RawCall.MakeWith([], pair => RawCall.Make(53, Unix, Stream, 0, pair)));
        yield return new("filter a socket", () => RawCall.MakeWith([], value => RawCall.Make(54, GivenNumber.Socket, 1, 26, value, 16)));
    }

    private static long ConnectNew(int domain, byte[] address)
    {
        long socket = RawCall.Make(Socket, domain, Stream, 0);
        return socket < 0 ? socket : WithAddress(address, (bytes, length) => RawCall.Make(Connect, (nint)socket, bytes, length));
    }

    private static long WithAddress(byte[] address, Func<nint, nint, long> call) => RawCall.MakeWith(address, bytes => call(bytes, address.Length));

    private static byte[] InternetAddress(int port)
    {
        var address = new byte[16];
        address[0] = Internet;
        BinaryPrimitives.WriteUInt16BigEndian(address.AsSpan(2), (ushort)port);
        (address[4], address[7]) = (127, 1);
        return address;
    }

    private static byte[] UnixAddress(string name, string end) => [Unix, 0, .. Encoding.UTF8.GetBytes(name + end)];
}
