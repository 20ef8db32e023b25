using System.Net.Sockets;
using System.Text;

namespace Hearth.Proving;

/// <summary>
/// A Unix socket to which QEMU connects when it starts, and which then carries lines of text both ways. QEMU is the client so that nothing
/// it says at its start is lost.
/// </summary>
internal sealed class LineSocket : IDisposable
{
    private readonly Socket _listener;
    private readonly Action<string> _received;
    private readonly Lock _sending = new();
    private readonly Thread _reader;
    private volatile Socket? _peer;

    /// <param name="received">Called with every line, on the socket's own thread.</param>
    public LineSocket(string path, Action<string> received)
    {
        _received = received;
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(1);
        _reader = new Thread(Receive) { IsBackground = true, Name = Path.GetFileName(path) };
        _reader.Start();
    }

    /// <exception cref="ProvingGroundException">QEMU is not there or no longer there.</exception>
    public void Send(string line)
    {
        try
        {
            lock (_sending)
                (_peer ?? throw new ProvingGroundException("QEMU has not connected yet")).Send(Encoding.UTF8.GetBytes(line + "\n"));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            throw new ProvingGroundException($"QEMU does not listen any more: {error.Message}", error);
        }
    }

    public void Dispose()
    {
        // Closing wakes the reader out of accept or receive.
        _listener.Dispose();
        _peer?.Dispose();
        _reader.Join();
    }

    private void Receive()
    {
        try
        {
            using Socket peer = _listener.Accept();
            _peer = peer;
            using var reader = new StreamReader(new NetworkStream(peer), Encoding.UTF8);
            while (reader.ReadLine() is { } line)
                _received(line);
        }
        catch (Exception error) when (error is SocketException or IOException or ObjectDisposedException)
        {
            // The end of QEMU or of this object; whoever waits for a line learns it from the process.
        }
    }
}
