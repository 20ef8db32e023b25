using System.Buffers.Binary;
using System.Net.Sockets;
using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Vm.Network;

/// <summary>
/// User networking through a passt process: Ethernet frames on a stream socket, each behind its length as a 32-bit big-endian
/// number (passt(1), <c>--fd</c>).
/// </summary>
/// <remarks>
/// <code>
/// vCPU ── TrySend ──► out buffer ── in Flush, or by the writer thread when the socket is full ──► passt
/// NIC ◄── TryReceive ── reader thread ◄── in buffer ◄── passt
///            └── refused: the reader waits for ResumeReceive and the socket fills up, which slows passt down
/// </code>
/// A frame that finds the out buffer full is refused, and the NIC told when half of it is free again; a vCPU never waits. When passt ends, the link
/// goes down and everything sent is lost. Lock order: the NIC's lock, then <see cref="_sync"/>; the NIC is called with no lock held.
/// </remarks>
public sealed class PasstPort : INetworkPort, IDisposable
{
    private const int LengthPrefix = sizeof(uint);
    private const int MaximumFrame = 65535 + 18;
    private const int InLength = 256 * 1024;
    private const int OutLength = 1024 * 1024;

    /// <summary>Bytes after which frames are sent though more follow: passt begins with them meanwhile.</summary>
    private const int EnoughToSend = 64 * 1024;
    private const int WaitForever = -1;

    private readonly Socket _socket;
    private readonly int _processId;
    private readonly object _sync = new();
    private readonly byte[] _in = new byte[InLength];
    private readonly byte[] _out = new byte[OutLength];
    private readonly Thread _reader;
    private readonly Thread _writer;
    private INetworkReceiver? _receiver;

    // The rest is guarded by _sync.
    private int _outStart;
    private int _outEnd;
    private bool _writerBusy;

    /// <summary>A frame found no room: the NIC waits.</summary>
    private bool _refused;
    private bool _resumed;

    /// <summary>Nothing that is sent arrives any more.</summary>
    private bool _down;
    private bool _isShut;
    private long _dropped;

    /// <param name="socket">A connected stream socket; owned from now on.</param>
    /// <param name="processId">
    /// The child at the other end, or 0. It should end by itself when the socket is closed, but early versions may go on trying to send for ever.
    /// </param>
    public PasstPort(SafeSocketHandle socket, int processId = 0)
    {
        _processId = processId;
        _socket = new Socket(socket) { Blocking = false };
        _reader = new Thread(ReadFrames) { IsBackground = true, Name = "net receive" };
        _writer = new Thread(WriteBacklog) { IsBackground = true, Name = "net send" };
    }

    /// <summary>Frames lost because passt is gone.</summary>
    public long DroppedFrames
    {
        get
        {
            lock (_sync)
                return _dropped;
        }
    }

    /// <summary>Connects the NIC and starts to receive.</summary>
    public void Connect(INetworkReceiver receiver)
    {
        _receiver = receiver;
        _reader.Start();
        _writer.Start();
    }

    public bool TrySend(ReadOnlySpan<byte> frame)
    {
        lock (_sync)
        {
            if (_down || frame.Length > MaximumFrame)
            {
                _dropped++;
                return true;
            }

            // Whatever was queued before, so much is sent at once: only a full socket fills the buffer, and then the writer is at work.
            _refused = !TryQueueLocked(frame);
            if (!_refused && !_writerBusy && _outEnd - _outStart >= EnoughToSend)
                FlushLocked();
            return !_refused;
        }
    }

    public void Flush()
    {
        lock (_sync)
        {
            if (!_writerBusy)
                FlushLocked();
        }
    }

    public void ResumeReceive()
    {
        lock (_sync)
        {
            _resumed = true;
            Monitor.PulseAll(_sync);
        }
    }

    /// <summary>Ends the connection, on which passt ends too if it was started for one.</summary>
    public void Dispose()
    {
        GoDown();
        if (_reader.IsAlive)
            _reader.Join();
        if (_writer.IsAlive)
            _writer.Join();
        _socket.Dispose();
        if (_processId != 0)
            ProcessImage.End(_processId);
    }

    private bool TryQueueLocked(ReadOnlySpan<byte> frame)
    {
        int needed = LengthPrefix + frame.Length;
        if (OutLength - _outEnd < needed)
        {
            _out.AsSpan(_outStart, _outEnd - _outStart).CopyTo(_out);
            _outEnd -= _outStart;
            _outStart = 0;
        }

        if (OutLength - _outEnd < needed)
            return false;
        BinaryPrimitives.WriteUInt32BigEndian(_out.AsSpan(_outEnd), (uint)frame.Length);
        frame.CopyTo(_out.AsSpan(_outEnd + LengthPrefix));
        _outEnd += needed;
        return true;
    }

    /// <summary>Sends what the socket takes; the writer thread sees to the rest.</summary>
    private void FlushLocked()
    {
        while (_outStart != _outEnd && !_down)
        {
            int sent = _socket.Send(_out.AsSpan(_outStart, _outEnd - _outStart), SocketFlags.None, out SocketError error);
            if (error == SocketError.Success)
            {
                _outStart += sent;
                continue;
            }

            // Of a broken connection the reader learns as well, and tells the NIC; but what is sent from now on is lost already.
            _writerBusy = error == SocketError.WouldBlock;
            _down |= !_writerBusy;
            Monitor.PulseAll(_sync);
            return;
        }

        _writerBusy = false;
        _outStart = 0;
        _outEnd = 0;
    }

    private void WriteBacklog()
    {
        while (WaitForBacklog())
        {
            _socket.Poll(WaitForever, SelectMode.SelectWrite);
            if (Flushed())
                _receiver!.ResumeSend();
        }

        // What the NIC keeps for a connection that has ended is lost with it.
        bool isAwaited;
        lock (_sync)
            isAwaited = _refused;
        if (isAwaited)
            _receiver!.ResumeSend();
    }

    /// <returns>The NIC waits, and there is room.</returns>
    private bool Flushed()
    {
        lock (_sync)
        {
            FlushLocked();
            bool resumes = _refused && _outEnd - _outStart <= OutLength / 2;
            _refused &= !resumes;
            return resumes;
        }
    }

    private bool WaitForBacklog()
    {
        lock (_sync)
        {
            while (!_writerBusy && !_down)
                Monitor.Wait(_sync);
            return !_down;
        }
    }

    private void ReadFrames()
    {
        int filled = 0;
        while (true)
        {
            _socket.Poll(WaitForever, SelectMode.SelectRead);
            int count = _socket.Receive(_in.AsSpan(filled), SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
                continue;
            if (error != SocketError.Success || count == 0)
                break;
            filled += count;
            int used = Deliver(_in.AsSpan(0, filled));
            if (used < 0)
                break;
            _in.AsSpan(used, filled - used).CopyTo(_in);
            filled -= used;
        }

        GoDown();
        _receiver?.LinkChanged(false);
    }

    /// <summary>Hands every whole frame to the NIC.</summary>
    /// <returns>The bytes used, or -1 when the stream makes no sense or the port was closed.</returns>
    private int Deliver(ReadOnlySpan<byte> stream)
    {
        int used = 0;
        while (stream.Length - used >= LengthPrefix)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(stream[used..]);
            if (length is 0 or > MaximumFrame)
                return -1;
            if (stream.Length - used - LengthPrefix < (int)length)
                break;
            if (!TryDeliver(stream.Slice(used + LengthPrefix, (int)length)))
                return -1;
            used += LengthPrefix + (int)length;
        }

        return used;
    }

    private bool TryDeliver(ReadOnlySpan<byte> frame)
    {
        while (true)
        {
            lock (_sync)
                _resumed = false;
            if (_receiver!.TryReceive(frame))
                return true;
            lock (_sync)
            {
                while (!_resumed && !_down)
                    Monitor.Wait(_sync);
                if (_down)
                    return false;
            }
        }
    }

    private void GoDown()
    {
        lock (_sync)
        {
            if (_isShut)
                return;
            (_isShut, _down) = (true, true);
            Monitor.PulseAll(_sync);
        }

        // Wakes both threads from their poll; a peer that is gone already makes this fail, which changes nothing.
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
        }
    }
}
