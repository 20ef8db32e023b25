using Hearth.Machine;

namespace Hearth.Devices.Platform.Pit;

/// <summary>How the 16-bit count of a counter goes through its 8-bit port: one byte, or two in turn, and the latches.</summary>
internal struct PitByteAccess(int mode)
{
    public const int LowOnly = 1;
    public const int HighOnly = 2;
    public const int LowThenHigh = 3;

    private bool _writesHigh;
    private byte _low;
    private bool _readsHigh;
    private bool _isCountLatched;
    private ushort _latchedCount;
    private bool _isStatusLatched;
    private byte _latchedStatus;

    /// <summary>Bits 5:4 of the control word, 1 to 3.</summary>
    public int Mode { get; } = mode;

    /// <summary>Latches the count; a second latch before it is read is ignored.</summary>
    public void LatchCount(ushort count)
    {
        if (_isCountLatched)
            return;
        _isCountLatched = true;
        _latchedCount = count;
    }

    public void LatchStatus(byte status)
    {
        if (_isStatusLatched)
            return;
        _isStatusLatched = true;
        _latchedStatus = status;
    }

    public byte Read(ushort liveCount)
    {
        if (_isStatusLatched)
        {
            _isStatusLatched = false;
            return _latchedStatus;
        }

        ushort count = _isCountLatched ? _latchedCount : liveCount;
        bool high = Mode == HighOnly || (Mode == LowThenHigh && _readsHigh);
        if (Mode == LowThenHigh)
            _readsHigh = !_readsHigh;
        if (!_readsHigh)
            _isCountLatched = false;
        return (byte)(high ? count >> 8 : count);
    }

    /// <returns>True when <paramref name="count"/> is complete.</returns>
    public bool TryWrite(byte value, out ushort count)
    {
        count = (ushort)(Mode == HighOnly ? value << 8 : value);
        if (Mode != LowThenHigh)
            return true;
        _writesHigh = !_writesHigh;
        if (_writesHigh)
        {
            _low = value;
            return false;
        }

        count = (ushort)((value << 8) | _low);
        return true;
    }

    public readonly void Save(IStateWriter to)
    {
        to.WriteByte((byte)Mode);
        to.WriteBoolean(_writesHigh);
        to.WriteByte(_low);
        to.WriteBoolean(_readsHigh);
        to.WriteBoolean(_isCountLatched);
        to.WriteUInt16(_latchedCount);
        to.WriteBoolean(_isStatusLatched);
        to.WriteByte(_latchedStatus);
    }

    public static PitByteAccess Restore(IStateReader from) => new(Math.Clamp((int)from.ReadByte(), LowOnly, LowThenHigh))
    {
        _writesHigh = from.ReadBoolean(),
        _low = from.ReadByte(),
        _readsHigh = from.ReadBoolean(),
        _isCountLatched = from.ReadBoolean(),
        _latchedCount = from.ReadUInt16(),
        _isStatusLatched = from.ReadBoolean(),
        _latchedStatus = from.ReadByte(),
    };
}
