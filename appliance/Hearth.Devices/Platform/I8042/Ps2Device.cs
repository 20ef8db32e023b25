using Hearth.Machine;

namespace Hearth.Devices.Platform.I8042;

/// <summary>
/// What keyboard and mouse have in common: replies to commands, a stream of input, and the rule that a reply never lands
/// inside a sequence of the stream whose first byte is out already. Guarded by the controller's lock.
/// </summary>
internal abstract class Ps2Device
{
    protected const byte Acknowledge = 0xFA;
    protected const byte ResendRequest = 0xFE;
    protected const byte SelfTestPassed = 0xAA;

    private const int StreamCapacity = 256;
    private const int ReplyCapacity = 16;

    private readonly Ps2Queue _stream = new(StreamCapacity);
    private readonly Ps2Queue _replies = new(ReplyCapacity);
    private bool _insideSequence;
    private byte _lastSent;

    /// <summary>A byte waits to be taken by the controller.</summary>
    public bool HasOutput => _stream.Count + _replies.Count > 0;

    protected int StreamCount => _stream.Count;

    protected int StreamRoom => _stream.Room;

    /// <summary>Takes a byte the controller sends: a command or its parameter.</summary>
    public abstract void Receive(byte value);

    /// <summary>Takes the next byte for the controller; there must be one.</summary>
    public virtual byte Take()
    {
        if (_replies.Count > 0 && !_insideSequence)
        {
            _lastSent = _replies.Take(out _);
        }
        else
        {
            _lastSent = _stream.Take(out bool last);
            _insideSequence = !last;
        }

        return _lastSent;
    }

    /// <summary>Queues a reply. A guest that never reads loses the newest ones.</summary>
    protected void Reply(byte value) => _replies.TryAdd(value);

    protected void ReplyWithLastSent() => Reply(_lastSent);

    /// <summary>Queues a sequence as a whole.</summary>
    /// <returns>False, with nothing queued, when there is no room for all of it.</returns>
    protected bool TrySend(ReadOnlySpan<byte> sequence)
    {
        if (sequence.Length > _stream.Room)
            return false;
        for (int i = 0; i < sequence.Length; i++)
            _stream.TryAdd(sequence[i], i == sequence.Length - 1);
        return true;
    }

    /// <summary>Drops the stream, except the rest of a sequence that has begun: half a scan code would be another key.</summary>
    protected void ClearStream()
    {
        if (_insideSequence)
            _stream.KeepToFirstMark();
        else
            _stream.Clear();
    }

    protected void ClearAll()
    {
        _stream.Clear();
        _replies.Clear();
        _insideSequence = false;
        _lastSent = 0;
    }

    protected void SaveQueues(IStateWriter to)
    {
        _stream.Save(to);
        _replies.Save(to);
        to.WriteBoolean(_insideSequence);
        to.WriteByte(_lastSent);
    }

    protected void RestoreQueues(IStateReader from)
    {
        _stream.Restore(from);
        _replies.Restore(from);
        _insideSequence = from.ReadBoolean() && _stream.Count > 0;
        _lastSent = from.ReadByte();
    }
}
