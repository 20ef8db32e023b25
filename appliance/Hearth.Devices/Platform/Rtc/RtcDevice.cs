using Hearth.Machine;

namespace Hearth.Devices.Platform.Rtc;

/// <summary>
/// The MC146818 real-time clock and 128 bytes of CMOS memory at ports 0x70 and 0x71. It shows the host's wall clock in UTC,
/// plus what the guest has set it off.
/// </summary>
/// <remarks>
/// Nothing ticks while no interrupt is enabled: the flags of register C are caught up with when it is read. The CMOS keeps
/// its contents through a reset, as a battery does. Lock order: this, gated line, wire, interrupt controllers; this, clock.
/// </remarks>
public sealed class RtcDevice : IMachineDevice, IBusDevice
{
    private const byte StateVersion = 1;
    private const long NanosecondsPerTick = 100;

    // Hertz of the divider's output that the rates are taken from.
    private const uint CrystalFrequency = 32_768;

    // UIP is up this long before the registers change (MC146818A data sheet, "Update cycle": 244 µs).
    private const long UpdateWarning = 244_000 / NanosecondsPerTick;

    // After a long pause the alarm is looked for in the last day alone.
    private const long LongestCatchUp = 86_400;

    private readonly Lock _lock = new();
    private readonly byte[] _cmos = new byte[RtcRegisters.Count];
    private readonly IVirtualClock _clock;
    private readonly IInterruptLine _line;
    private readonly IClockTimer _timer;
    private readonly ClockRate _crystal = new(CrystalFrequency);
    private byte _index;

    // What the guest's clock is ahead of the host's, in ticks of 100 ns.
    private long _offset;

    // Up to where the flags have been raised: whole seconds of the guest's clock, and periods of the current rate.
    private long _seenSecond;
    private ulong _seenPeriod;

    /// <param name="context">Ports and clock are used.</param>
    /// <param name="line">IRQ 8.</param>
    /// <param name="memory">What the CMOS says about RAM.</param>
    /// <param name="order">What it says firmware is to start from.</param>
    public RtcDevice(DeviceContext context, IInterruptLine line, CmosMemorySize memory, CmosBootOrder order = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        _clock = context.Clock;
        _line = line;
        _timer = _clock.CreateTimer(OnTimer);
        CmosMemory.Fill(_cmos, memory, order);
        Reset();
        context.Ports.Map(new AddressRange(RtcRegisters.IndexPort, 2), this);
    }

    public string Name => "rtc";

    /// <summary>Bit 7 of port 0x70: the guest wants no NMI from the chipset.</summary>
    public bool IsNmiMasked => (Volatile.Read(ref _index) & RtcRegisters.NmiMask) != 0;

    private int Register => _index & ~RtcRegisters.NmiMask;

    /// <summary>True while the time registers hold still: SET, or the divider in reset.</summary>
    private bool IsHeld => (_cmos[RtcRegisters.B] & RtcRegisters.Set) != 0
        || (_cmos[RtcRegisters.A] & RtcRegisters.DividerReset) == RtcRegisters.DividerReset;

    public ulong Read(ulong offset, AccessWidth width)
    {
        lock (_lock)
        {
            // The index port can only be written; a word access of 0x70 gets both.
            ulong index = offset == 0 ? byte.MaxValue : 0UL;
            if (offset == 0 && width == AccessWidth.Byte)
                return index;
            return offset == 0 ? index | ((ulong)ReadRegisterLocked(Register) << 8) : ReadRegisterLocked(Register);
        }
    }

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        lock (_lock)
        {
            if (offset == 0)
                _index = (byte)value;
            if (offset == 1)
                WriteRegisterLocked(Register, (byte)value);
            else if (width > AccessWidth.Byte)
                WriteRegisterLocked(Register, (byte)(value >> 8));
        }
    }

    public void Reset()
    {
        lock (_lock)
        {
            // The RESET pin clears the enables and the flags; time and memory stay.
            _cmos[RtcRegisters.B] &= unchecked((byte)~(RtcRegisters.InterruptFlags | RtcRegisters.SquareWave));
            _cmos[RtcRegisters.C] = 0;
            _index = 0;
            SeeLocked();
            UpdateLocked();
        }
    }

    public void Save(IStateWriter to)
    {
        lock (_lock)
        {
            to.WriteVersion(StateVersion);
            to.WriteByte(_index);
            to.WriteInt64(_offset);
            to.WriteInt64(_seenSecond);
            to.WriteUInt64(_seenPeriod);
            to.WriteBytes(_cmos);
        }
    }

    public void Restore(IStateReader from)
    {
        lock (_lock)
        {
            from.ReadVersion(Name, StateVersion);
            _index = from.ReadByte();
            _offset = ClampOffset(from.ReadInt64());
            _seenSecond = from.ReadInt64();
            _seenPeriod = from.ReadUInt64();
            from.ReadBytes(_cmos);
            UpdateLocked();
        }
    }

    private byte ReadRegisterLocked(int register)
    {
        switch (register)
        {
            case RtcRegisters.A:
                return (byte)(_cmos[RtcRegisters.A] | (IsUpdateNear() ? RtcRegisters.UpdateInProgress : 0));
            case RtcRegisters.C:
                CatchUpLocked();
                byte flags = _cmos[RtcRegisters.C];
                _cmos[RtcRegisters.C] = 0;
                UpdateLocked();
                return flags;
            case RtcRegisters.D:
                return RtcRegisters.Valid;
            default:
                if (RtcTime.IsTimeRegister(register) && !IsHeld)
                    RtcTime.Write(_cmos, GuestTime());
                return _cmos[register];
        }
    }

    private void WriteRegisterLocked(int register, byte value)
    {
        CatchUpLocked();
        switch (register)
        {
            case RtcRegisters.A or RtcRegisters.B:
                WriteControlLocked(register, value);
                break;
            case RtcRegisters.C or RtcRegisters.D:
                return;
            default:
                if (RtcTime.IsTimeRegister(register) && !IsHeld)
                {
                    RtcTime.Write(_cmos, GuestTime());
                    _cmos[register] = value;
                    SetTimeLocked();
                }

                _cmos[register] = value;
                break;
        }

        UpdateLocked();
    }

    /// <summary>Writes A or B. Time is kept in the registers while they are held and taken from them when they are let go.</summary>
    private void WriteControlLocked(int register, byte value)
    {
        bool wasHeld = IsHeld;
        if (!wasHeld)
            RtcTime.Write(_cmos, GuestTime());
        if (register == RtcRegisters.A)
            value &= unchecked((byte)~RtcRegisters.UpdateInProgress);
        else if ((value & RtcRegisters.Set) != 0)
            value &= unchecked((byte)~RtcRegisters.UpdateInterrupt); // SET clears UIE (data sheet, register B).
        _cmos[register] = value;
        if (wasHeld && !IsHeld)
            SetTimeLocked();
        SeePeriodLocked();
    }

    /// <summary>Makes the guest's clock show what is in the registers; the fraction of a second goes on.</summary>
    private void SetTimeLocked()
    {
        DateTime shown = GuestTime();
        long fraction = shown.Ticks % TimeSpan.TicksPerSecond;
        _offset = ClampOffset(_offset + RtcTime.Read(_cmos).Ticks - (shown.Ticks - fraction));
        SeeLocked();
    }

    /// <summary>Raises the flags of everything that has happened since it was last looked at.</summary>
    private void CatchUpLocked()
    {
        byte flags = 0;
        ulong period = CurrentPeriod();
        if (period != _seenPeriod)
            flags |= RtcRegisters.PeriodicInterrupt;
        _seenPeriod = period;
        long second = GuestTime().Ticks / TimeSpan.TicksPerSecond;
        if (second != _seenSecond && !IsHeld)
        {
            flags |= RtcRegisters.UpdateInterrupt;
            if (HasAlarmBetween(_seenSecond, second))
                flags |= RtcRegisters.AlarmInterrupt;
        }

        _seenSecond = second;
        _cmos[RtcRegisters.C] |= flags;
    }

    private bool HasAlarmBetween(long after, long until)
    {
        for (long second = Math.Max(Math.Max(after, until - LongestCatchUp), 0) + 1; second <= until; second++)
        {
            if (RtcTime.IsAlarm(_cmos, new DateTime(second * TimeSpan.TicksPerSecond)))
                return true;
        }

        return false;
    }

    private void SeeLocked()
    {
        _seenSecond = GuestTime().Ticks / TimeSpan.TicksPerSecond;
        SeePeriodLocked();
    }

    private void SeePeriodLocked() => _seenPeriod = CurrentPeriod();

    private void OnTimer()
    {
        lock (_lock)
        {
            CatchUpLocked();
            UpdateLocked();
        }
    }

    /// <summary>Drives the line and arms the timer for the next event that a guest wants to be told of.</summary>
    private void UpdateLocked()
    {
        byte enables = (byte)(_cmos[RtcRegisters.B] & RtcRegisters.InterruptFlags);
        bool isRequested = (_cmos[RtcRegisters.C] & enables) != 0;
        int flags = _cmos[RtcRegisters.C] & RtcRegisters.InterruptFlags;
        _cmos[RtcRegisters.C] = (byte)(isRequested ? flags | RtcRegisters.InterruptRequest : flags);
        _line.Set(isRequested);

        long next = long.MaxValue;
        long length = PeriodTicks();
        if ((enables & RtcRegisters.PeriodicInterrupt) != 0 && length != 0)
            next = _crystal.ToNanoseconds((_seenPeriod + 1) * (ulong)length);
        if ((enables & (RtcRegisters.AlarmInterrupt | RtcRegisters.UpdateInterrupt)) != 0 && !IsHeld)
            next = Math.Min(next, _clock.Now + ToNextSecond());

        // While a request waits to be read nothing that follows would be noticed.
        if (next == long.MaxValue || isRequested)
            _timer.Disarm();
        else
            _timer.Arm(next);
    }

    private DateTime GuestTime() => new(
        Math.Clamp(_clock.WallClock.UtcTicks + _offset, 0, DateTime.MaxValue.Ticks), DateTimeKind.Utc);

    /// <summary>Nanoseconds, also past the ends of the calendar, where the guest's time stands still: a timer armed by that would come back at once, for ever.</summary>
    private long ToNextSecond()
    {
        long within = (_clock.WallClock.UtcTicks + _offset) % TimeSpan.TicksPerSecond;
        return (TimeSpan.TicksPerSecond - (within < 0 ? within + TimeSpan.TicksPerSecond : within)) * NanosecondsPerTick;
    }

    private bool IsUpdateNear() => !IsHeld && ToNextSecond() <= UpdateWarning * NanosecondsPerTick;

    private ulong CurrentPeriod()
    {
        long length = PeriodTicks();
        return length == 0 ? 0 : _crystal.ToTicks(_clock.Now) / (ulong)length;
    }

    /// <summary>
    /// The period in ticks of the crystal, zero when none is selected; rates 1 and 2 are 8 and 9 again (data sheet, table 5).
    /// </summary>
    private long PeriodTicks()
    {
        int rate = _cmos[RtcRegisters.A] & RtcRegisters.RateMask;
        if (rate == 0 || (_cmos[RtcRegisters.A] & RtcRegisters.DividerMask) != RtcRegisters.DividerNormal)
            return 0;
        return 1L << ((rate <= 2 ? rate + 7 : rate) - 1);
    }

    private static long ClampOffset(long offset) => Math.Clamp(offset, -DateTime.MaxValue.Ticks, DateTime.MaxValue.Ticks);
}
