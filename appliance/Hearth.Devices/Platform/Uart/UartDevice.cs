using Hearth.Machine;

namespace Hearth.Devices.Platform.Uart;

/// <summary>
/// A 16550A serial port (National Semiconductor PC16550D data sheet): FIFOs, modem lines, loopback, five interrupt sources.
/// </summary>
/// <remarks>
/// The line is infinitely fast on the way out: the transmitter is empty again when a write to THR returns, so a flood of
/// output costs the guest nothing but its own instructions. On the way in the port is told how much room the FIFO has, so
/// nothing is lost while the guest is busy.
/// </remarks>
public sealed class UartDevice : IMachineDevice, IBusDevice, ICharacterReceiver, IDisposable
{
    private const byte Version = 1;
    private const long OscillatorFrequency = 1_843_200;
    private const ushort PowerOnDivisor = 12;
    private const byte DivisorLatchAccess = 0x80;
    private const byte WordLengthMask = 0x03;

    // MSR of a plugged cable: the other end is there, ready and willing.
    private const ModemStatuses CableLines = ModemStatuses.ClearToSend | ModemStatuses.DataSetReady | ModemStatuses.Carrier;

    private readonly Lock _lock = new();
    private readonly UartReceiveFifo _fifo = new();
    private readonly IInterruptLine _interrupt;
    private readonly IVirtualClock _clock;
    private readonly IClockTimer _timeout;
    private readonly UartOutput? _output;
    private readonly ModemStatuses _cable;

    private ushort _divisor;
    private InterruptEnables _interruptEnable;
    private FifoControl _fifoControl;
    private byte _lineControl;
    private ModemControls _modemControl;
    private LineStatuses _overrun;
    private ModemStatuses _modemStatus;
    private byte _scratch;
    private bool _transmitterEmptyPending;
    private bool _timeoutPending;
    private long _timeoutDeadline;

    /// <param name="name">Its name in a saved state: <c>uart0</c>.</param>
    /// <param name="port">What the cable leads to; null when nothing is plugged in: output is lost, no modem line is up.</param>
    public UartDevice(string name, IInterruptLine interrupt, IVirtualClock clock, ICharacterPort? port)
    {
        ArgumentNullException.ThrowIfNull(clock);
        Name = name;
        _interrupt = interrupt;
        _clock = clock;
        _timeout = clock.CreateTimer(OnTimeout);
        if (port is null)
            return;
        _cable = CableLines;
        _output = new UartOutput(port, clock);
        port.Connect(this);
    }

    public string Name { get; }

    private bool FifoEnabled => (_fifoControl & FifoControl.Enable) != 0;

    private bool Loopback => (_modemControl & ModemControls.Loopback) != 0;

    private bool DivisorLatch => (_lineControl & DivisorLatchAccess) != 0;

    private int ReceiveCapacity => FifoEnabled ? UartReceiveFifo.Depth : 1;

    private int TriggerLevel => !FifoEnabled ? 1 : (byte)(_fifoControl & FifoControl.TriggerMask) switch
    {
        0x00 => 1,
        0x40 => 4,
        0x80 => 8,
        _ => 14,
    };

    /// <summary>Hands everything the guest has transmitted to the port; called before the machine ends or is left paused.</summary>
    public void Flush() => _output?.Flush();

    public void Dispose()
    {
        _timeout.Dispose();
        _output?.Dispose();
    }

    public ulong Read(ulong offset, AccessWidth width)
    {
        // The chip sits on an 8-bit bus: the chip set splits a wider access into its bytes.
        ulong value = 0;
        lock (_lock)
        {
            for (int i = 0; i < (int)width; i++)
                value |= (ulong)ReadLocked((uint)offset + (uint)i) << (8 * i);
            UpdateInterruptLocked();
        }

        return value;
    }

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        lock (_lock)
        {
            for (int i = 0; i < (int)width; i++)
                WriteLocked((uint)offset + (uint)i, (byte)(value >> (8 * i)));
            UpdateInterruptLocked();
        }
    }

    public int Receive(ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            // In loopback the receiver's input is cut off from the line (section 8.7).
            int count = Loopback ? 0 : Math.Min(data.Length, ReceiveCapacity - _fifo.Count);
            if (count <= 0)
                return 0;
            foreach (byte character in data[..count])
                _fifo.Push((byte)(character & CharacterMask()), LineStatuses.None);
            RestartTimeoutLocked();
            UpdateInterruptLocked();
            return count;
        }
    }

    /// <summary>Sends the guest a break, as a held-down line does; Linux takes it as SysRq on a console.</summary>
    /// <returns>False when the receiver has no room now.</returns>
    public bool TrySendBreak()
    {
        lock (_lock)
        {
            if (Loopback || _fifo.Count >= ReceiveCapacity)
                return false;
            _fifo.Push(0, LineStatuses.Break | LineStatuses.Framing);
            RestartTimeoutLocked();
            UpdateInterruptLocked();
            return true;
        }
    }

    public void Reset()
    {
        lock (_lock)
        {
            _divisor = PowerOnDivisor;
            _interruptEnable = InterruptEnables.None;
            _fifoControl = FifoControl.None;
            _lineControl = 0;
            _modemControl = ModemControls.None;
            _overrun = LineStatuses.None;
            _modemStatus = _cable;
            _scratch = 0;
            _transmitterEmptyPending = false;
            ClearReceiverLocked();
            UpdateInterruptLocked();
        }
    }

    public void Save(IStateWriter to)
    {
        Flush();
        lock (_lock)
        {
            to.WriteVersion(Version);
            to.WriteUInt16(_divisor);
            to.WriteByte((byte)_interruptEnable);
            to.WriteByte((byte)_fifoControl);
            to.WriteByte(_lineControl);
            to.WriteByte((byte)_modemControl);
            to.WriteByte((byte)_overrun);
            to.WriteByte((byte)_modemStatus);
            to.WriteByte(_scratch);
            to.WriteBoolean(_transmitterEmptyPending);
            to.WriteBoolean(_timeoutPending);
            to.WriteInt64(_timeoutDeadline);
            _fifo.Save(to);
        }
    }

    public void Restore(IStateReader from)
    {
        lock (_lock)
        {
            from.ReadVersion(Name, Version);
            _divisor = from.ReadUInt16();
            _interruptEnable = (InterruptEnables)from.ReadByte() & InterruptEnables.All;
            _fifoControl = (FifoControl)from.ReadByte() & (FifoControl.Enable | FifoControl.TriggerMask);
            _lineControl = from.ReadByte();
            _modemControl = (ModemControls)from.ReadByte() & ModemControls.All;
            _overrun = (LineStatuses)from.ReadByte() & LineStatuses.Overrun;
            _modemStatus = (ModemStatuses)from.ReadByte();
            _scratch = from.ReadByte();
            _transmitterEmptyPending = from.ReadBoolean();
            _timeoutPending = from.ReadBoolean();
            _timeoutDeadline = from.ReadInt64();
            _fifo.Restore(from);
            ArmTimeoutLocked();
            UpdateInterruptLocked();
        }
    }

    private byte ReadLocked(uint register)
    {
        switch (register)
        {
            case UartRegisters.Data:
                return DivisorLatch ? (byte)_divisor : ReadCharacterLocked();
            case UartRegisters.InterruptEnable:
                return DivisorLatch ? (byte)(_divisor >> 8) : (byte)_interruptEnable;
            case UartRegisters.InterruptIdentificationOrFifoControl:
                return ReadIdentificationLocked();
            case UartRegisters.LineControl:
                return _lineControl;
            case UartRegisters.ModemControl:
                return (byte)_modemControl;
            case UartRegisters.LineStatus:
                return ReadLineStatusLocked();
            case UartRegisters.ModemStatus:
                ModemStatuses status = _modemStatus;
                _modemStatus &= ~ModemStatuses.Changes;
                return (byte)status;
            default:
                return _scratch;
        }
    }

    private void WriteLocked(uint register, byte value)
    {
        switch (register)
        {
            case UartRegisters.Data when DivisorLatch:
                _divisor = (ushort)((_divisor & 0xFF00) | value);
                break;
            case UartRegisters.Data:
                TransmitLocked(value);
                break;
            case UartRegisters.InterruptEnable when DivisorLatch:
                _divisor = (ushort)((_divisor & 0x00FF) | (value << 8));
                break;
            case UartRegisters.InterruptEnable:
                WriteInterruptEnableLocked((InterruptEnables)value & InterruptEnables.All);
                break;
            case UartRegisters.InterruptIdentificationOrFifoControl:
                WriteFifoControlLocked((FifoControl)value);
                break;
            case UartRegisters.LineControl:
                _lineControl = value;
                break;
            case UartRegisters.ModemControl:
                _modemControl = (ModemControls)value & ModemControls.All;
                UpdateModemStatusLocked();
                break;
            case UartRegisters.Scratch:
                _scratch = value;
                break;
            default:
                // LSR and MSR are for reading; the data sheet keeps writes to them for factory tests.
                break;
        }
    }

    private byte CharacterMask() => (byte)((0x20 << (_lineControl & WordLengthMask)) - 1);

    private byte ReadCharacterLocked()
    {
        if (_fifo.Count == 0)
            return 0;
        byte character = _fifo.Pop();
        RestartTimeoutLocked();
        return character;
    }

    private byte ReadIdentificationLocked()
    {
        InterruptIdentification source = PendingLocked();
        if (source == InterruptIdentification.TransmitterEmpty)
            _transmitterEmptyPending = false;
        return (byte)((byte)source | (FifoEnabled ? 0xC0 : 0x00));
    }

    private byte ReadLineStatusLocked()
    {
        LineStatuses status = LineStatuses.TransmitterHoldingEmpty | LineStatuses.TransmitterEmpty | _overrun | _fifo.NextErrors;
        if (_fifo.Count > 0)
            status |= LineStatuses.DataReady;
        if (FifoEnabled && _fifo.HasErrors)
            status |= LineStatuses.ErrorInFifo;
        _overrun = LineStatuses.None;
        _fifo.ClearNextErrors();
        return (byte)status;
    }

    private void TransmitLocked(byte character)
    {
        if (Loopback)
            LoopBackLocked((byte)(character & CharacterMask()));
        else
            _output?.Write(character);

        // The ISA bus sees edges: the request falls while THR is full, if only for this instant.
        _transmitterEmptyPending = false;
        UpdateInterruptLocked();
        _transmitterEmptyPending = true;
    }

    private void LoopBackLocked(byte character)
    {
        if (_fifo.Count < ReceiveCapacity)
        {
            _fifo.Push(character, LineStatuses.None);
            RestartTimeoutLocked();
            return;
        }

        _overrun = LineStatuses.Overrun;
        if (FifoEnabled)
            return;

        // Without FIFOs the new character takes the place of the unread one (section 8.4, bit 1).
        _fifo.Clear();
        _fifo.Push(character, LineStatuses.None);
    }

    private void WriteInterruptEnableLocked(InterruptEnables value)
    {
        // Enabling the source while THR is empty asks at once; drivers use it to start sending.
        if ((value & ~_interruptEnable & InterruptEnables.TransmitterEmpty) != 0)
            _transmitterEmptyPending = true;
        _interruptEnable = value;
    }

    private void WriteFifoControlLocked(FifoControl value)
    {
        bool toggled = ((value ^ _fifoControl) & FifoControl.Enable) != 0;
        if (toggled || (value & FifoControl.ClearReceiver) != 0)
            ClearReceiverLocked();
        if (toggled || (value & FifoControl.ClearTransmitter) != 0)
            _transmitterEmptyPending = true;
        _fifoControl = (value & FifoControl.Enable) != 0 ? value & (FifoControl.Enable | FifoControl.TriggerMask) : FifoControl.None;
        RestartTimeoutLocked();
    }

    private void UpdateModemStatusLocked()
    {
        ModemStatuses lines = Loopback ? LoopedLines() : _cable;
        ModemStatuses changed = (lines ^ _modemStatus) & ModemStatuses.Lines;
        _modemStatus = lines | (_modemStatus & ModemStatuses.Changes);
        if ((changed & ModemStatuses.ClearToSend) != 0)
            _modemStatus |= ModemStatuses.ClearToSendChanged;
        if ((changed & ModemStatuses.DataSetReady) != 0)
            _modemStatus |= ModemStatuses.DataSetReadyChanged;
        if ((changed & ~lines & ModemStatuses.Ring) != 0)
            _modemStatus |= ModemStatuses.RingTrailingEdge;
        if ((changed & ModemStatuses.Carrier) != 0)
            _modemStatus |= ModemStatuses.CarrierChanged;
    }

    /// <summary>In loopback the four modem outputs drive the four inputs (section 8.7).</summary>
    private ModemStatuses LoopedLines()
    {
        ModemStatuses lines = ModemStatuses.None;
        if ((_modemControl & ModemControls.RequestToSend) != 0)
            lines |= ModemStatuses.ClearToSend;
        if ((_modemControl & ModemControls.DataTerminalReady) != 0)
            lines |= ModemStatuses.DataSetReady;
        if ((_modemControl & ModemControls.Out1) != 0)
            lines |= ModemStatuses.Ring;
        if ((_modemControl & ModemControls.Out2) != 0)
            lines |= ModemStatuses.Carrier;
        return lines;
    }

    private InterruptIdentification PendingLocked()
    {
        if ((_interruptEnable & InterruptEnables.LineStatus) != 0 && (_overrun | _fifo.NextErrors) != 0)
            return InterruptIdentification.LineStatus;
        if ((_interruptEnable & InterruptEnables.ReceivedData) != 0)
        {
            if (_fifo.Count >= TriggerLevel)
                return InterruptIdentification.ReceivedData;
            if (_timeoutPending)
                return InterruptIdentification.CharacterTimeout;
        }

        if ((_interruptEnable & InterruptEnables.TransmitterEmpty) != 0 && _transmitterEmptyPending)
            return InterruptIdentification.TransmitterEmpty;
        if ((_interruptEnable & InterruptEnables.ModemStatus) != 0 && (_modemStatus & ModemStatuses.Changes) != 0)
            return InterruptIdentification.ModemStatus;
        return InterruptIdentification.None;
    }

    // In loopback the OUT2 pin is inactive, and with it the driver of the ISA line.
    private void UpdateInterruptLocked() => _interrupt.Set(
        (_modemControl & (ModemControls.Out2 | ModemControls.Loopback)) == ModemControls.Out2
        && PendingLocked() != InterruptIdentification.None);

    private void ClearReceiverLocked()
    {
        _fifo.Clear();
        _overrun = LineStatuses.None;
        RestartTimeoutLocked();
    }

    /// <summary>Every received or read character starts the time-out anew (section 8.5, FIFO interrupt mode).</summary>
    private void RestartTimeoutLocked()
    {
        _timeoutPending = false;
        _timeoutDeadline = FifoEnabled && _fifo.Count > 0 ? _clock.Now + FourCharacterTimes() : 0;
        ArmTimeoutLocked();
    }

    private void ArmTimeoutLocked()
    {
        if (_timeoutDeadline != 0)
            _timeout.Arm(_timeoutDeadline);
        else
            _timeout.Disarm();
    }

    private long FourCharacterTimes()
    {
        const long NanosecondsPerSecond = 1_000_000_000;
        const int TicksPerBit = 16;
        int bits = 1 + 5 + (_lineControl & WordLengthMask) + ((_lineControl >> 3) & 1) + 1 + ((_lineControl >> 2) & 1);
        return 4L * bits * TicksPerBit * Math.Max(_divisor, (ushort)1) * NanosecondsPerSecond / OscillatorFrequency;
    }

    private void OnTimeout()
    {
        lock (_lock)
        {
            if (_timeoutDeadline == 0 || _clock.Now < _timeoutDeadline)
                return;
            _timeoutDeadline = 0;
            _timeoutPending = true;
            UpdateInterruptLocked();
        }
    }
}
