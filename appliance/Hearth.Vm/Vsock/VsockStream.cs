using System.Buffers.Text;
using System.Net.Sockets;
using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Vm.Vsock;

/// <summary>A program's connection to the socket of a guest's ports: first a line that says what it wants, then, once it is joined with the guest, nothing but its bytes.</summary>
internal sealed class VsockStream : IVsockStream
{
    /// <summary>Bytes of a line at most, its end included.</summary>
    private const int LongestLine = 32;

    private readonly VsockSwitchboard _switchboard;
    private readonly Socket _socket;
    private readonly Poller _poller;
    private readonly int _descriptor;
    private readonly byte[] _line = new byte[LongestLine];
    private readonly Lock _lock = new();
    private int _length;
    private bool _isClosed;

    /// <param name="socket">Owned from now on.</param>
    /// <param name="id">Unique among all streams there ever were.</param>
    public VsockStream(VsockSwitchboard switchboard, Socket socket, Poller poller, ulong id)
    {
        _switchboard = switchboard;
        _socket = socket;
        _poller = poller;
        Id = id;
        _descriptor = (int)socket.Handle;
        socket.Blocking = false;
        poller.Add(_descriptor, PollEvents.Readable | PollEvents.Once, id);
    }

    public ulong Id { get; }

    public int Tag { get; set; } = -1;

    /// <summary>The port the program waits at for the guest, once it does.</summary>
    public uint? ListensAt { get; set; }

    /// <summary>The guest's device has it.</summary>
    public bool IsJoined { get; set; }

    /// <summary>Reads on in the first line, no byte past its end.</summary>
    /// <param name="line">The line without its end, when it is whole.</param>
    /// <returns>False when there is none and will be none, or nothing is in it.</returns>
    public bool TryReadLine(out ReadOnlySpan<byte> line)
    {
        line = default;
        while (_length < LongestLine)
        {
            int count = Receive(_line.AsSpan(_length, 1));
            if (count == 0)
            {
                Await(input: true, room: false);
                return true;
            }

            if (count == IVsockStream.Ended)
                return false;
            if (_line[_length++] == (byte)'\n')
            {
                line = _line.AsSpan(0, _length - 1);
                return !line.IsEmpty;
            }
        }

        return false;
    }

    /// <summary>Tells the program something before it is joined with the guest: a word and a number.</summary>
    /// <returns>False when the program is gone.</returns>
    public bool TryTell(ReadOnlySpan<byte> word, uint port)
    {
        Span<byte> line = stackalloc byte[LongestLine];
        word.CopyTo(line);
        line[word.Length] = (byte)' ';
        Utf8Formatter.TryFormat(port, line[(word.Length + 1)..], out int digits);
        int length = word.Length + 1 + digits;
        line[length++] = (byte)'\n';
        return Send(line[..length]) == length;
    }

    /// <summary>Asks to be told when the program goes away while it waits.</summary>
    public void AwaitEnd() => Change(PollEvents.PeerEnded | PollEvents.Once);

    public void Confirm(uint port) => TryTell("OK"u8, port);

    public int Send(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (_isClosed)
                return IVsockStream.Ended;
            int sent = _socket.Send(bytes, SocketFlags.None, out SocketError error);
            return error switch { SocketError.Success => sent, SocketError.WouldBlock => 0, _ => IVsockStream.Ended };
        }
    }

    public int Receive(Span<byte> to)
    {
        lock (_lock)
        {
            if (_isClosed)
                return IVsockStream.Ended;
            int count = _socket.Receive(to, SocketFlags.None, out SocketError error);
            return error switch { SocketError.Success when count > 0 => count, SocketError.WouldBlock => 0, _ => IVsockStream.Ended };
        }
    }

    public void Await(bool input, bool room) =>
        Change((input ? PollEvents.Readable : PollEvents.None) | (room ? PollEvents.Writable : PollEvents.None) | PollEvents.Once);

    public void EndSend()
    {
        lock (_lock)
        {
            if (_isClosed)
                return;
            try
            {
                _socket.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
                // The program is gone: nothing is sent to it anyhow.
            }
        }
    }

    public void Close()
    {
        lock (_lock)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            _poller.Remove(_descriptor);
            _socket.Dispose();
        }

        _switchboard.Forget(this);
    }

    private void Change(PollEvents events)
    {
        lock (_lock)
        {
            if (!_isClosed)
                _poller.Change(_descriptor, events, Id);
        }
    }
}
