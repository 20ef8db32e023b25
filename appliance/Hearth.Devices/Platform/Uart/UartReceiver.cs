using Hearth.Machine;

namespace Hearth.Devices.Platform.Uart;

/// <summary>
/// The receiving half: FIFO, overrun and the character time-out (PC16550D, sections 8.4 and 8.5). Guarded by the device's lock.
/// </summary>
internal sealed class UartReceiver : IDisposable
{
    private readonly UartReceiveFifo _fifo = new();
    private readonly IVirtualClock _clock;
    private readonly IClockTimer _timer;

    private LineStatuses _overrun;

    // Virtual nanoseconds; zero while no time-out runs.
    private long _deadline;

    /// <param name="onTimer">Called when the time-out may have run out; takes the device's lock and calls <see cref="TryTimeOut"/>.</param>
    public UartReceiver(IVirtualClock clock, Action onTimer)
    {
        _clock = clock;
        _timer = clock.CreateTimer(onTimer);
    }

    /// <summary>FCR; without FIFOs the receiver holds one character.</summary>
    public FifoControl Control { get; private set; }

    public bool FifoEnabled => (Control & FifoControl.Enable) != 0;

    /// <summary>How long four characters take at the line's speed, in nanoseconds; set with the line's format.</summary>
    public long TimeOut { get; set; }

    public bool TimedOut { get; private set; }

    public bool AtTriggerLevel => _fifo.Count >= TriggerLevel;

    public bool HasErrors => (_overrun | _fifo.NextErrors) != LineStatuses.None;

    /// <summary>Characters there is room for.</summary>
    public int Room => (FifoEnabled ? UartReceiveFifo.Depth : 1) - _fifo.Count;

    private int TriggerLevel => !FifoEnabled ? 1 : (byte)(Control & FifoControl.TriggerMask) switch
    {
        0x00 => 1,
        0x40 => 4,
        0x80 => 8,
        _ => 14,
    };

    /// <summary>A character arrived; when there is no room it is lost as the chip loses it.</summary>
    public void Push(byte character, LineStatuses errors)
    {
        if (Room <= 0)
        {
            _overrun = LineStatuses.Overrun;
            if (FifoEnabled)
                return;

            // Without FIFOs the new character takes the place of the unread one (section 8.4, bit 1).
            _fifo.Clear();
        }

        _fifo.Push(character, errors);
        RestartTimeOut();
    }

    /// <summary>Reads RBR.</summary>
    public byte Pop()
    {
        if (_fifo.Count == 0)
            return 0;
        byte character = _fifo.Pop();
        RestartTimeOut();
        return character;
    }

    /// <summary>The receiver's part of LSR; reading it forgets the errors it shows.</summary>
    public LineStatuses ReadStatus()
    {
        LineStatuses status = _overrun | _fifo.NextErrors;
        if (_fifo.Count > 0)
            status |= LineStatuses.DataReady;
        if (FifoEnabled && _fifo.HasErrors)
            status |= LineStatuses.ErrorInFifo;
        _overrun = LineStatuses.None;
        _fifo.ClearNextErrors();
        return status;
    }

    /// <summary>Writes FCR. Switching the FIFOs on or off clears them.</summary>
    /// <returns>True when they were switched.</returns>
    public bool WriteControl(FifoControl value)
    {
        bool switched = ((value ^ Control) & FifoControl.Enable) != 0;
        if (switched || (value & FifoControl.ClearReceiver) != 0)
            Clear();
        Control = (value & FifoControl.Enable) != 0 ? value & (FifoControl.Enable | FifoControl.TriggerMask) : FifoControl.None;
        RestartTimeOut();
        return switched;
    }

    /// <summary>Notes the time-out if it is due.</summary>
    /// <returns>False when a character came or went in the meantime.</returns>
    public bool TryTimeOut()
    {
        if (_deadline == 0 || _clock.Now < _deadline)
            return false;
        _deadline = 0;
        TimedOut = true;
        return true;
    }

    public void Reset()
    {
        Control = FifoControl.None;
        Clear();
    }

    public void Save(IStateWriter to)
    {
        to.WriteByte((byte)Control);
        to.WriteByte((byte)_overrun);
        to.WriteBoolean(TimedOut);
        to.WriteInt64(_deadline);
        _fifo.Save(to);
    }

    public void Restore(IStateReader from)
    {
        Control = (FifoControl)from.ReadByte() & (FifoControl.Enable | FifoControl.TriggerMask);
        _overrun = (LineStatuses)from.ReadByte() & LineStatuses.Overrun;
        TimedOut = from.ReadBoolean();
        _deadline = from.ReadInt64();
        _fifo.Restore(from);
        ArmTimer();
    }

    public void Dispose() => _timer.Dispose();

    private void Clear()
    {
        _fifo.Clear();
        _overrun = LineStatuses.None;
        RestartTimeOut();
    }

    /// <summary>Every received or read character starts the time-out anew.</summary>
    private void RestartTimeOut()
    {
        TimedOut = false;
        _deadline = FifoEnabled && _fifo.Count > 0 ? _clock.Now + TimeOut : 0;
        ArmTimer();
    }

    private void ArmTimer()
    {
        if (_deadline != 0)
            _timer.Arm(_deadline);
        else
            _timer.Disarm();
    }
}
