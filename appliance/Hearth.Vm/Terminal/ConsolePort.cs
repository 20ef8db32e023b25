using System.Net.Sockets;
using Hearth.Machine;

namespace Hearth.Vm.Terminal;

/// <summary>
/// A serial port that people come to and leave: whoever connects gets what was written last, and what is written from then on; what he sends is typed. One at a time, the newest. A
/// guest never waits for a reader: one that does not read is let go.
/// </summary>
internal sealed class ConsolePort : ICharacterPort, IDisposable
{
    private const int HistoryLength = 64 << 10;
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(10);

    private readonly Socket _listener;
    private readonly Thread _thread;
    private readonly Lock _lock = new();

    // Under _lock: a ring, of which _written bytes were ever filled.
    private readonly byte[] _history = new byte[HistoryLength];
    private long _written;
    private Socket? _reader;
    private ICharacterReceiver? _receiver;
    private volatile bool _isEnding;

    /// <param name="listener">A listening stream socket; owned from now on.</param>
    public ConsolePort(SafeSocketHandle listener)
    {
        _listener = new Socket(listener);
        _thread = new Thread(Accept) { IsBackground = true, Name = "console" };
    }

    public void Connect(ICharacterReceiver receiver)
    {
        _receiver = receiver;
        _thread.Start();
    }

    public void Write(ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            foreach (byte value in data)
                _history[_written++ % HistoryLength] = value;
            SendLocked(data);
        }
    }

    public void Dispose()
    {
        _isEnding = true;
        _listener.Dispose();
        lock (_lock)
            LeaveLocked();
        if (_thread.IsAlive)
            _thread.Join();
    }

    private void Accept()
    {
        var typed = new byte[256];
        while (!_isEnding)
        {
            try
            {
                if (_listener.Poll(_reader is null ? TimeSpan.FromSeconds(1) : s_pace, SelectMode.SelectRead))
                    Welcome(_listener.Accept());
                if (_reader is { } reader && reader.Poll(s_pace, SelectMode.SelectRead))
                    Take(reader, typed);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                lock (_lock)
                    LeaveLocked();
            }
        }
    }

    private void Welcome(Socket reader)
    {
        reader.Blocking = false;
        lock (_lock)
        {
            LeaveLocked();
            _reader = reader;
            int kept = (int)Math.Min(_written, HistoryLength);
            int from = (int)((_written - kept) % HistoryLength);
            int toEnd = Math.Min(kept, HistoryLength - from);
            SendLocked(_history.AsSpan(from, toEnd));
            SendLocked(_history.AsSpan(0, kept - toEnd));
        }
    }

    private void Take(Socket reader, byte[] typed)
    {
        int length = reader.Receive(typed, SocketFlags.None, out SocketError error);
        if (error == SocketError.WouldBlock)
            return;
        if (length == 0)
        {
            lock (_lock)
                LeaveLocked();
            return;
        }

        for (int taken = 0; taken < length && !_isEnding;)
        {
            int more = _receiver!.Receive(typed.AsSpan(taken, length - taken));
            taken += more;
            if (more == 0)
                Thread.Sleep(s_pace);
        }
    }

    private void SendLocked(ReadOnlySpan<byte> data)
    {
        while (_reader is { } reader && !data.IsEmpty)
        {
            int sent = reader.Send(data, SocketFlags.None, out SocketError error);
            if (error != SocketError.Success || sent == 0)
                LeaveLocked();
            else
                data = data[sent..];
        }
    }

    private void LeaveLocked()
    {
        _reader?.Dispose();
        _reader = null;
    }
}
