using Hearth.Machine;

namespace Hearth.Devices.Platform.PowerManagement;

/// <summary>
/// ACPI power management hardware (ACPI 6.5, section 4.8): PM1 events and control, the PM timer, general purpose events, the
/// switch between legacy and ACPI mode, soft off, and the reset control register.
/// </summary>
/// <remarks>
/// The SCI is a level, true while an enabled event is pending and SCI_EN is set. The MADT announces it as level-triggered,
/// active high, so that the wire's true is the IOAPIC pin's active state.
/// </remarks>
public sealed class PowerManagementDevice : IMachineDevice, IBusDevice, IDisposable
{
    private const byte Version = 1;
    private const byte ResetProcessor = 1 << 2;
    private const byte ResetControlMask = 0x06;
    private const PowerEvents Clearable = PowerEvents.CanInterrupt | PowerEvents.BusMaster | PowerEvents.SleepButton | PowerEvents.Wake;

    private readonly Lock _lock = new();
    private readonly IInterruptLine _interrupt;
    private readonly IVirtualClock _clock;
    private readonly IClockTimer _alarm;
    private readonly IMachineControl _control;
    private readonly IDeviceLog _log;

    // TMR_STS is not stored here; the timer knows.
    private PowerEvents _status;
    private PowerEvents _enable;
    private PowerControls _controls;
    private PowerManagementTimer _timer;
    private ushort _generalStatus;
    private ushort _generalEnable;
    private byte _smiCommand;
    private byte _smiStatus;
    private byte _resetControl;

    /// <param name="interrupt">The SCI.</param>
    public PowerManagementDevice(IInterruptLine interrupt, IVirtualClock clock, IMachineControl control, IDeviceLog log)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _interrupt = interrupt;
        _clock = clock;
        _control = control;
        _log = log;
        _alarm = clock.CreateTimer(OnAlarm);
        SmiCommandPort = new BytePort(() => _smiCommand, WriteSmiCommand);
        SmiStatusPort = new BytePort(() => _smiStatus, value => _smiStatus = value);
        ResetControlPort = new BytePort(() => _resetControl, WriteResetControl);
    }

    public string Name => "power-management";

    /// <summary>Port 0xB2.</summary>
    public IBusDevice SmiCommandPort { get; }

    /// <summary>Port 0xB3.</summary>
    public IBusDevice SmiStatusPort { get; }

    /// <summary>Port 0xCF9, for the PCI bus to forward byte accesses to.</summary>
    public IBusDevice ResetControlPort { get; }

    /// <summary>Presses the power button; a guest that listens shuts itself down.</summary>
    public void PressPowerButton()
    {
        lock (_lock)
        {
            _status |= PowerEvents.PowerButton;
            UpdateLocked();
        }
    }

    /// <summary>Raises a general purpose event, which the guest handles by a method \_GPE._Exx.</summary>
    /// <param name="index">0 to 15.</param>
    public void RaiseGeneralPurposeEvent(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)index, 15u, nameof(index));
        lock (_lock)
        {
            _generalStatus |= (ushort)(1 << index);
            UpdateLocked();
        }
    }

    public void Dispose() => _alarm.Dispose();

    public ulong Read(ulong offset, AccessWidth width)
    {
        lock (_lock)
        {
            // One instant for all bytes: a timer read must not tear.
            long now = _clock.Now;
            ulong value = 0;
            for (int i = 0; i < (int)width; i++)
                value |= (ulong)ReadByteLocked((int)offset + i, now) << (8 * i);
            return value;
        }
    }

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        lock (_lock)
        {
            for (int i = 0; i < (int)width; i++)
                WriteByteLocked((int)offset + i, (byte)(value >> (8 * i)));
            UpdateLocked();
        }
    }

    public void Reset()
    {
        lock (_lock)
        {
            _status = PowerEvents.None;
            _enable = PowerEvents.None;
            _controls = PowerControls.None;
            _timer.Acknowledge(_clock.Now);
            _generalStatus = 0;
            _generalEnable = 0;
            _smiCommand = 0;
            _smiStatus = 0;
            _resetControl = 0;
            UpdateLocked();
        }
    }

    public void Save(IStateWriter to)
    {
        lock (_lock)
        {
            to.WriteVersion(Version);
            to.WriteUInt16((ushort)_status);
            to.WriteUInt16((ushort)_enable);
            to.WriteUInt16((ushort)_controls);
            to.WriteUInt64(_timer.AcknowledgedChanges);
            to.WriteUInt16(_generalStatus);
            to.WriteUInt16(_generalEnable);
            to.WriteByte(_smiCommand);
            to.WriteByte(_smiStatus);
            to.WriteByte(_resetControl);
        }
    }

    public void Restore(IStateReader from)
    {
        lock (_lock)
        {
            from.ReadVersion(Name, Version);
            _status = (PowerEvents)from.ReadUInt16() & Clearable & ~PowerEvents.Timer;
            _enable = (PowerEvents)from.ReadUInt16() & PowerEvents.CanInterrupt;
            _controls = (PowerControls)from.ReadUInt16() & PowerControls.Stored;
            _timer.AcknowledgedChanges = from.ReadUInt64();
            _generalStatus = from.ReadUInt16();
            _generalEnable = from.ReadUInt16();
            _smiCommand = from.ReadByte();
            _smiStatus = from.ReadByte();
            _resetControl = from.ReadByte();
            UpdateLocked();
        }
    }

    private byte ReadByteLocked(int offset, long now)
    {
        int register = offset & ~1;
        int shift = 8 * (offset & 1);
        int value = register switch
        {
            PowerManagementRegisters.Status => (int)StatusLocked(now),
            PowerManagementRegisters.Enable => (int)_enable,
            PowerManagementRegisters.Control => (int)_controls,
            PowerManagementRegisters.Timer => (int)PowerManagementTimer.Value(now),
            PowerManagementRegisters.Timer + 2 => (int)(PowerManagementTimer.Value(now) >> 16),
            PowerManagementRegisters.GeneralPurposeStatus => _generalStatus,
            PowerManagementRegisters.GeneralPurposeEnable => _generalEnable,
            _ => 0,
        };
        return (byte)(value >> shift);
    }

    private void WriteByteLocked(int offset, byte value)
    {
        int shift = 8 * (offset & 1);
        int mask = 0xFF << shift;
        int bits = value << shift;
        switch (offset & ~1)
        {
            case PowerManagementRegisters.Status:
                ClearStatusLocked((PowerEvents)bits & Clearable);
                break;
            case PowerManagementRegisters.Enable:
                _enable = (PowerEvents)(((int)_enable & ~mask) | bits) & PowerEvents.CanInterrupt;
                break;
            case PowerManagementRegisters.Control:
                _controls = (PowerControls)(((int)_controls & ~mask) | bits) & PowerControls.Stored;
                if (((PowerControls)bits & PowerControls.SleepEnable) != 0)
                    SleepLocked();
                break;
            case PowerManagementRegisters.GeneralPurposeStatus:
                _generalStatus &= (ushort)~bits;
                break;
            case PowerManagementRegisters.GeneralPurposeEnable:
                _generalEnable = (ushort)((_generalEnable & ~mask) | bits);
                break;
            default:
                break;
        }
    }

    private PowerEvents StatusLocked(long now) => _timer.HasChanged(now) ? _status | PowerEvents.Timer : _status;

    private void ClearStatusLocked(PowerEvents events)
    {
        _status &= ~events;
        if ((events & PowerEvents.Timer) != 0)
            _timer.Acknowledge(_clock.Now);
    }

    private void SleepLocked()
    {
        int type = (int)(_controls & PowerControls.SleepTypeMask) >> 10;
        if (type == PowerManagementRegisters.SoftOffSleepType)
            _control.PowerOff();
        else
            _log.GuestError(Name, "unknown sleep type", (ulong)type);
    }

    private void WriteSmiCommand(byte value)
    {
        lock (_lock)
        {
            _smiCommand = value;
            if (value == PowerManagementRegisters.AcpiEnable)
                _controls |= PowerControls.SystemControlInterrupt;
            else if (value == PowerManagementRegisters.AcpiDisable)
                _controls &= ~PowerControls.SystemControlInterrupt;
            UpdateLocked();
        }
    }

    private void WriteResetControl(byte value)
    {
        bool reset;
        lock (_lock)
        {
            reset = (value & ~_resetControl & ResetProcessor) != 0;
            _resetControl = (byte)(value & ResetControlMask);
        }

        if (reset)
            _control.Reset();
    }

    /// <summary>Drives the SCI and arms the alarm for the timer's next event.</summary>
    private void UpdateLocked()
    {
        bool pending = (StatusLocked(_clock.Now) & _enable) != 0 || (_generalStatus & _generalEnable) != 0;
        _interrupt.Set(pending && (_controls & PowerControls.SystemControlInterrupt) != 0);
        if ((_enable & PowerEvents.Timer) != 0 && !_timer.HasChanged(_clock.Now))
            _alarm.Arm(_timer.NextChange());
        else
            _alarm.Disarm();
    }

    private void OnAlarm()
    {
        lock (_lock)
            UpdateLocked();
    }
}
