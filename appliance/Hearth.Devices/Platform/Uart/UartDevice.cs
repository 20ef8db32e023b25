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
    private readonly IInterruptLine _interrupt;
    private readonly UartReceiver _receiver;
    private readonly UartModem _modem;
    private readonly UartOutput? _output;

    private ushort _divisor;
    private InterruptEnables _interruptEnable;
    private byte _lineControl;
    private byte _scratch;
    private bool _transmitterEmptyPending;

    /// <param name="name">Its name in a saved state: <c>uart0</c>.</param>
    /// <param name="port">What the cable leads to; null when nothing is plugged in: output is lost, no modem line is up.</param>
    public UartDevice(string name, IInterruptLine interrupt, IVirtualClock clock, ICharacterPort? port)
    {
        ArgumentNullException.ThrowIfNull(clock);
        Name = name;
        _interrupt = interrupt;
        _receiver = new UartReceiver(clock, OnTimeOut);
        _modem = new UartModem(port is null ? ModemStatuses.None : CableLines);
        if (port is null)
            return;
        _output = new UartOutput(port, clock);
        port.Connect(this);
    }

    public string Name { get; }

    private bool DivisorLatch => (_lineControl & DivisorLatchAccess) != 0;

    /// <summary>Hands everything the guest has transmitted to the port; called before the machine ends or is left paused.</summary>
    public void Flush() => _output?.Flush();

    public void Dispose()
    {
        _receiver.Dispose();
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
            int count = _modem.Loopback ? 0 : Math.Min(data.Length, _receiver.Room);
            if (count <= 0)
                return 0;
            foreach (byte character in data[..count])
                _receiver.Push((byte)(character & CharacterMask()), LineStatuses.None);
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
            if (_modem.Loopback || _receiver.Room <= 0)
                return false;
            _receiver.Push(0, LineStatuses.Break | LineStatuses.Framing);
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
            _lineControl = 0;
            _scratch = 0;
            _transmitterEmptyPending = false;
            UpdateSpeedLocked();
            _receiver.Reset();
            _modem.Reset();
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
            to.WriteByte(_lineControl);
            to.WriteByte(_scratch);
            to.WriteBoolean(_transmitterEmptyPending);
            _receiver.Save(to);
            _modem.Save(to);
        }
    }

    public void Restore(IStateReader from)
    {
        lock (_lock)
        {
            from.ReadVersion(Name, Version);
            _divisor = from.ReadUInt16();
            _interruptEnable = (InterruptEnables)from.ReadByte() & InterruptEnables.All;
            _lineControl = from.ReadByte();
            _scratch = from.ReadByte();
            _transmitterEmptyPending = from.ReadBoolean();
            _receiver.Restore(from);
            _modem.Restore(from);
            UpdateSpeedLocked();
            UpdateInterruptLocked();
        }
    }

    private byte ReadLocked(uint register)
    {
        switch (register)
        {
            case UartRegisters.Data:
                return DivisorLatch ? (byte)_divisor : _receiver.Pop();
            case UartRegisters.InterruptEnable:
                return DivisorLatch ? (byte)(_divisor >> 8) : (byte)_interruptEnable;
            case UartRegisters.InterruptIdentificationOrFifoControl:
                return ReadIdentificationLocked();
            case UartRegisters.LineControl:
                return _lineControl;
            case UartRegisters.ModemControl:
                return (byte)_modem.Controls;
            case UartRegisters.LineStatus:
                return (byte)(LineStatuses.TransmitterHoldingEmpty | LineStatuses.TransmitterEmpty | _receiver.ReadStatus());
            case UartRegisters.ModemStatus:
                return (byte)_modem.ReadStatus();
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
                UpdateSpeedLocked();
                break;
            case UartRegisters.Data:
                TransmitLocked(value);
                break;
            case UartRegisters.InterruptEnable when DivisorLatch:
                _divisor = (ushort)((_divisor & 0x00FF) | (value << 8));
                UpdateSpeedLocked();
                break;
            case UartRegisters.InterruptEnable:
                WriteInterruptEnableLocked((InterruptEnables)value & InterruptEnables.All);
                break;
            case UartRegisters.InterruptIdentificationOrFifoControl:
                WriteFifoControlLocked((FifoControl)value);
                break;
            case UartRegisters.LineControl:
                _lineControl = value;
                UpdateSpeedLocked();
                break;
            case UartRegisters.ModemControl:
                _modem.WriteControls((ModemControls)value);
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

    private byte ReadIdentificationLocked()
    {
        InterruptIdentification source = PendingLocked();
        if (source == InterruptIdentification.TransmitterEmpty)
            _transmitterEmptyPending = false;
        return (byte)((byte)source | (_receiver.FifoEnabled ? 0xC0 : 0x00));
    }

    private void TransmitLocked(byte character)
    {
        if (_modem.Loopback)
            _receiver.Push((byte)(character & CharacterMask()), LineStatuses.None);
        else
            _output?.Write(character);

        // The ISA bus sees edges: the request falls while THR is full, if only for this instant.
        _transmitterEmptyPending = false;
        UpdateInterruptLocked();
        _transmitterEmptyPending = true;
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
        bool switched = _receiver.WriteControl(value);
        if (switched || (value & FifoControl.ClearTransmitter) != 0)
            _transmitterEmptyPending = true;
    }

    /// <summary>The source with the highest priority that is enabled and pending (table III).</summary>
    private InterruptIdentification PendingLocked()
    {
        if ((_interruptEnable & InterruptEnables.LineStatus) != 0 && _receiver.HasErrors)
            return InterruptIdentification.LineStatus;
        if ((_interruptEnable & InterruptEnables.ReceivedData) != 0)
        {
            if (_receiver.AtTriggerLevel)
                return InterruptIdentification.ReceivedData;
            if (_receiver.TimedOut)
                return InterruptIdentification.CharacterTimeout;
        }

        if ((_interruptEnable & InterruptEnables.TransmitterEmpty) != 0 && _transmitterEmptyPending)
            return InterruptIdentification.TransmitterEmpty;
        if ((_interruptEnable & InterruptEnables.ModemStatus) != 0 && _modem.HasChanges)
            return InterruptIdentification.ModemStatus;
        return InterruptIdentification.None;
    }

    private void UpdateInterruptLocked() =>
        _interrupt.Set(_modem.InterruptConnected && PendingLocked() != InterruptIdentification.None);

    /// <summary>Divisor and format give the time of a character: start, data, parity and stop bits of 16 ticks each.</summary>
    private void UpdateSpeedLocked()
    {
        const long NanosecondsPerSecond = 1_000_000_000;
        const int TicksPerBit = 16;
        int bits = 1 + 5 + (_lineControl & WordLengthMask) + ((_lineControl >> 3) & 1) + 1 + ((_lineControl >> 2) & 1);
        long ticks = (long)bits * TicksPerBit * Math.Max(_divisor, (ushort)1);
        _receiver.TimeOut = 4 * ticks * NanosecondsPerSecond / OscillatorFrequency;
    }

    private void OnTimeOut()
    {
        lock (_lock)
        {
            if (_receiver.TryTimeOut())
                UpdateInterruptLocked();
        }
    }
}
