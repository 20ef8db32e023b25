using Hearth.Linux;

namespace Hearth.Vm.Terminal;

/// <summary>
/// Bytes on their way to a descriptor, written by a thread of its own, so that no vCPU waits in a system call. When the
/// reader falls behind by the queue's length, the guest is slowed down; when it does not read at all, bytes are lost.
/// </summary>
internal sealed class OutputQueue : IDisposable
{
    private const int Length = 1 << 20;
    private const int PieceLength = 64 << 10;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly FileDescriptor _file;
    private readonly object _sync = new();
    private readonly byte[] _ring = new byte[Length];
    private readonly Thread _thread;

    // All under _sync. Positions count bytes since the beginning.
    private long _end;
    private long _start;
    private bool _isStalled;
    private bool _isClosed;

    /// <param name="file">Owned by the caller.</param>
    public OutputQueue(FileDescriptor file)
    {
        _file = file;
        _thread = new Thread(WriteOut) { Name = "output", IsBackground = true };
        _thread.Start();
    }

    public void Write(ReadOnlySpan<byte> data)
    {
        lock (_sync)
        {
            while (!data.IsEmpty && TryWaitForRoomLocked())
            {
                int at = (int)(_end % Length);
                int count = Math.Min(data.Length, Math.Min(Length - at, (int)(Length - (_end - _start))));
                data[..count].CopyTo(_ring.AsSpan(at));
                data = data[count..];
                _end += count;
                Monitor.PulseAll(_sync);
            }
        }
    }

    /// <summary>Writes what is left, unless nobody reads it, and ends the thread.</summary>
    public void Dispose()
    {
        lock (_sync)
        {
            while (_start < _end && !_isClosed && Monitor.Wait(_sync, s_patience))
            {
                // Woken by every piece that is written: patience is counted from the last one.
            }

            _isClosed = true;
            Monitor.PulseAll(_sync);
        }
    }

    /// <returns>False when bytes are to be dropped: the reader has stopped reading, or is gone.</returns>
    private bool TryWaitForRoomLocked()
    {
        while (_end - _start == Length && !_isClosed && !_isStalled)
            _isStalled = !Monitor.Wait(_sync, s_patience);
        return _end - _start < Length && !_isClosed;
    }

    private void WriteOut()
    {
        var piece = new byte[PieceLength];
        while (TryTake(piece, out int count))
        {
            try
            {
                _file.Write(piece.AsSpan(0, count));
            }
            catch (LinuxException)
            {
                // Nobody reads any more, or the disk is full: the guest goes on without.
                Close();
                return;
            }

            lock (_sync)
            {
                _start += count;
                _isStalled = false;
                Monitor.PulseAll(_sync);
            }
        }
    }

    private bool TryTake(byte[] piece, out int count)
    {
        lock (_sync)
        {
            while (_start == _end && !_isClosed)
                Monitor.Wait(_sync);
            int at = (int)(_start % Length);
            count = (int)Math.Min(Math.Min(_end - _start, piece.Length), Length - at);
            _ring.AsSpan(at, count).CopyTo(piece);
            return count > 0;
        }
    }

    private void Close()
    {
        lock (_sync)
        {
            _isClosed = true;
            _start = _end;
            Monitor.PulseAll(_sync);
        }
    }
}
