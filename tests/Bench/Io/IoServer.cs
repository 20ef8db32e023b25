using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Hearth.Bench.Io;

/// <summary>
/// The other end of the network rows, on the host's loopback. A guest says which way, how long a pass is and how many there are; see
/// <c>converse</c> in Programs/io.c.
/// </summary>
internal sealed class IoServer : IDisposable
{
    private const int OrderLength = 3 * sizeof(ulong);
    private const int MaximumPass = 64 << 20;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _data = RandomNumberGenerator.GetBytes(MaximumPass);
    private readonly byte[] _received = new byte[MaximumPass];
    private readonly Thread _thread;

    public IoServer()
    {
        _listener.Start();
        _thread = new Thread(Serve) { IsBackground = true, Name = "io server" };
        _thread.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>As <c>checksum</c> in Programs/common.c, of whole words.</summary>
    internal static ulong Checksum(ReadOnlySpan<byte> data)
    {
        ulong sum = 0xCBF29CE484222325;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(data))
            sum = (sum ^ word) * 0x100000001B3;
        return sum;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _thread.Join();
    }

    private void Serve()
    {
        while (true)
        {
            try
            {
                using Socket guest = _listener.AcceptSocket();
                Answer(guest);
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.OperationAborted or SocketError.Interrupted or SocketError.InvalidArgument)
            {
                return;
            }
            catch (Exception error) when (error is SocketException or IOException)
            {
                // The guest says what went wrong.
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void Answer(Socket guest)
    {
        using var stream = new NetworkStream(guest);
        var order = new byte[OrderLength];
        stream.ReadExactly(order);
        bool guestSends = BinaryPrimitives.ReadUInt64LittleEndian(order) != 0;
        var length = (int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(order.AsSpan(8)), MaximumPass);
        ulong passes = BinaryPrimitives.ReadUInt64LittleEndian(order.AsSpan(16));
        byte[] data = guestSends ? _received : _data;
        for (ulong pass = 0; pass < passes; pass++)
        {
            if (guestSends)
                stream.ReadExactly(data.AsSpan(0, length));
            else
                stream.Write(data.AsSpan(0, length));
        }

        if (guestSends)
            stream.WriteByte(1);
        BinaryPrimitives.WriteUInt64LittleEndian(order, Checksum(data.AsSpan(0, length)));
        stream.Write(order.AsSpan(0, sizeof(ulong)));
    }
}
