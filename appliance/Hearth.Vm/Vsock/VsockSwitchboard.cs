using System.Buffers.Text;
using System.Net.Sockets;
using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Vm.Vsock;

/// <summary>
/// Joins programs of the host with ports of the guest, over one listening socket that was opened before. A program connects to it and writes a line:
/// <c>CONNECT port</c> to reach a port of the guest, <c>LISTEN port</c> to be reached by it at a port of the host; <c>OK port</c> says that it is joined, and with which
/// port at the other end. See docs/decisions/0013.
/// </summary>
/// <remarks>
/// One thread waits for all streams. It tells the device with no lock held; the device calls with its own held, so that the order is device, switchboard, stream.
/// </remarks>
internal sealed class VsockSwitchboard : IVsockHost, IDisposable
{
    /// <summary>Streams at most: those the device can have, and as many that wait.</summary>
    private const int MostStreams = 512;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    private const ulong StopTag = 0;
    private const ulong ListenerTag = 1;
    private const ulong FirstStream = 2;

    private readonly Poller _poller = new();
    private readonly EventDescriptor _stop = new();
    private readonly Socket _listener;
    private readonly Thread _thread;
    private readonly Lock _lock = new();

    // Under _lock.
    private readonly Dictionary<ulong, VsockStream> _streams = [];
    private readonly List<VsockStream> _waiting = [];

    private IVsockGuest? _guest;
    private ulong _nextStream = FirstStream;

    /// <param name="listener">A listening stream socket; owned from now on.</param>
    public VsockSwitchboard(SafeSocketHandle listener)
    {
        _listener = new Socket(listener) { Blocking = false };
        _poller.Add(_stop.Number, PollEvents.Readable, StopTag);
        _poller.Add((int)_listener.Handle, PollEvents.Readable, ListenerTag);
        _thread = new Thread(Run) { IsBackground = true, Name = "vsock" };
    }

    public void Connect(IVsockGuest guest)
    {
        _guest = guest;
        _thread.Start();
    }

    public IVsockStream? Accept(uint port, uint guestPort)
    {
        while (TakeWaiting(port) is { } stream)
        {
            if (stream.TryTell("OK"u8, guestPort))
                return stream;
            stream.Close();
        }

        return null;
    }

    public void Dispose()
    {
        _stop.Signal();
        if (_thread.IsAlive)
            _thread.Join();
        VsockStream[] streams;
        lock (_lock)
            streams = [.. _streams.Values];
        foreach (VsockStream stream in streams)
            stream.Close();
        _listener.Dispose();
        _stop.Dispose();
        _poller.Dispose();
    }

    /// <summary>A stream was closed.</summary>
    internal void Forget(VsockStream stream)
    {
        lock (_lock)
        {
            _streams.Remove(stream.Id);
            _waiting.Remove(stream);
        }
    }

    private VsockStream? TakeWaiting(uint port)
    {
        lock (_lock)
        {
            int index = _waiting.FindIndex(stream => stream.ListensAt == port);
            if (index < 0)
                return null;
            VsockStream stream = _waiting[index];
            _waiting.RemoveAt(index);
            stream.IsJoined = true;
            return stream;
        }
    }

    private void Run()
    {
        var ready = new PollResult[64];
        while (true)
        {
            int count = _poller.Wait(ready, -1);
            foreach (PollResult result in ready.AsSpan(0, count))
            {
                if (result.Tag == StopTag)
                    return;
                if (result.Tag == ListenerTag)
                    Welcome();
                else if (Find(result.Tag) is { } stream)
                    Serve(stream);
            }
        }
    }

    private VsockStream? Find(ulong id)
    {
        lock (_lock)
            return _streams.GetValueOrDefault(id);
    }

    private void Welcome()
    {
        Socket socket;
        try
        {
            socket = _listener.Accept();
        }
        catch (SocketException)
        {
            // It went away again, or this process has no descriptor left: whoever waits is asked again, a little later.
            Thread.Sleep(s_pause);
            return;
        }

        lock (_lock)
        {
            if (_streams.Count < MostStreams)
            {
                var stream = new VsockStream(this, socket, _poller, _nextStream++);
                _streams.Add(stream.Id, stream);
                return;
            }
        }

        socket.Dispose();
    }

    private void Serve(VsockStream stream)
    {
        bool isJoined;
        bool isWaiting;
        lock (_lock)
        {
            isJoined = stream.IsJoined;
            isWaiting = stream.ListensAt is not null;
        }

        if (isJoined)
            _guest!.Ready(stream);
        else if (isWaiting || !TryTakeLine(stream))
            CloseUnlessJoined(stream);
    }

    /// <summary>A program that waited is gone; but a guest may have come in that moment.</summary>
    private void CloseUnlessJoined(VsockStream stream)
    {
        lock (_lock)
        {
            if (stream.IsJoined)
                return;
            _waiting.Remove(stream);
        }

        stream.Close();
    }

    /// <returns>False when the program is gone, or says what makes no sense.</returns>
    private bool TryTakeLine(VsockStream stream)
    {
        if (!stream.TryReadLine(out ReadOnlySpan<byte> line))
            return false;
        if (line.IsEmpty)
            return true;
        if (TryParse(line, "CONNECT "u8, out uint port))
        {
            lock (_lock)
                stream.IsJoined = true;
            bool isTaken = _guest!.TryConnect(stream, port);
            if (!isTaken)
                stream.Close();
            return true;
        }

        return TryParse(line, "LISTEN "u8, out port) && TryListen(stream, port);
    }

    /// <summary>At once for a guest: it may come as soon as the program knows, and must not be answered before.</summary>
    private bool TryListen(VsockStream stream, uint port)
    {
        lock (_lock)
        {
            if (!stream.TryTell("LISTENING"u8, port))
                return false;
            stream.AwaitEnd();
            stream.ListensAt = port;
            _waiting.Add(stream);
            return true;
        }
    }

    private static bool TryParse(ReadOnlySpan<byte> line, ReadOnlySpan<byte> word, out uint port)
    {
        port = 0;
        return line.StartsWith(word) && Utf8Parser.TryParse(line[word.Length..], out port, out int used) && used == line.Length - word.Length;
    }
}
