using System.Diagnostics.CodeAnalysis;
using Hearth.Machine;

namespace Hearth.Devices.Platform.Hpet;

/// <summary>
/// The high precision event timers: a 64-bit counter of 100 MHz and three timers, without FSB (MSI) delivery (IA-PC HPET
/// specification 1.0a).
/// </summary>
/// <remarks>Lock order: this, gated line, wire, interrupt controllers; this, clock.</remarks>
public sealed class HpetDevice : IMachineDevice, IBusDevice
{
    /// <summary>Where ACPI says it is.</summary>
    public const ulong Address = 0xFED0_0000;

    /// <summary>Bytes of the register block.</summary>
    public const ulong Length = 0x400;

    public const int TimerCount = 3;

    private const byte StateVersion = 1;
    private const long NanosecondsPerTick = 10;

    private readonly Lock _lock = new();
    private readonly HpetTimer[] _timers = [new(), new(), new()];
    private readonly HpetLines _lines;
    private readonly IVirtualClock _clock;
    private readonly IClockTimer _timer;
    private readonly IDeviceLog _log;
    private ulong _configuration;
    private ulong _status;

    // Counting: what to add to the clock's ticks. Halted: the counter itself.
    private ulong _counter;

    /// <param name="context">Memory, clock, log and the lines 0, 8 and 20–23 are used.</param>
    /// <param name="pit">The PIT's line: cut while the HPET replaces it.</param>
    /// <param name="rtc">The RTC's line: likewise.</param>
    public HpetDevice(DeviceContext context, GatedLine pit, GatedLine rtc)
    {
        ArgumentNullException.ThrowIfNull(context);
        _clock = context.Clock;
        _log = context.Log;
        _lines = new HpetLines(context.Line, pit, rtc);
        _timer = _clock.CreateTimer(OnTimer);
        Reset();
        context.Memory.Map(new AddressRange(Address, Length), this);
    }

    public string Name => "hpet";

    private bool IsCounting => (_configuration & HpetRegisters.Enable) != 0;

    private bool IsLegacy => IsCounting && (_configuration & HpetRegisters.LegacyReplacement) != 0;

    public ulong Read(ulong offset, AccessWidth width)
    {
        lock (_lock)
        {
            PassLocked();
            return ReadLocked(offset & ~7UL) >> (int)((offset & 7) * 8);
        }
    }

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        if (width < AccessWidth.Dword || offset % (ulong)width != 0)
        {
            _log.GuestError(Name, "a write that is not of 32 or 64 aligned bits", offset);
            return;
        }

        int shift = (int)((offset & 7) * 8);
        ulong mask = width == AccessWidth.Qword ? ulong.MaxValue : (ulong)uint.MaxValue << shift;
        lock (_lock)
        {
            PassLocked();
            WriteLocked(offset & ~7UL, value << shift, mask);
            ArmLocked();
        }
    }

    public void Reset()
    {
        lock (_lock)
        {
            CancelAllLocked();
            _configuration = 0;
            _status = 0;
            _counter = 0;
            foreach (HpetTimer timer in _timers)
                timer.Reset();
            UpdateLinesLocked();
            ArmLocked();
        }
    }

    public void Save(IStateWriter to)
    {
        lock (_lock)
        {
            to.WriteVersion(StateVersion);
            to.WriteUInt64(_configuration);
            to.WriteUInt64(_status);
            to.WriteUInt64(_counter);
            foreach (HpetTimer timer in _timers)
                timer.Save(to);
        }
    }

    public void Restore(IStateReader from)
    {
        lock (_lock)
        {
            from.ReadVersion(Name, StateVersion);
            _configuration = from.ReadUInt64() & (HpetRegisters.Enable | HpetRegisters.LegacyReplacement);
            _status = from.ReadUInt64();
            _counter = from.ReadUInt64();
            foreach (HpetTimer timer in _timers)
                timer.Restore(from);
            UpdateLinesLocked();
            ArmLocked();
        }
    }

    /// <summary>Saturates.</summary>
    private static long ToNanoseconds(ulong ticks) =>
        ticks >= long.MaxValue / NanosecondsPerTick ? long.MaxValue : (long)ticks * NanosecondsPerTick;

    private ulong Tick() => (ulong)(_clock.Now / NanosecondsPerTick);

    private ulong CounterAt(ulong tick) => IsCounting ? tick + _counter : _counter;

    private ulong ReadLocked(ulong register)
    {
        if (TryGetTimer(register, out HpetTimer? timer, out ulong offset))
        {
            return offset switch
            {
                HpetRegisters.TimerConfiguration => timer.Configuration,
                HpetRegisters.TimerComparator => timer.Comparator,
                _ => 0,
            };
        }

        return register switch
        {
            HpetRegisters.Capabilities => HpetRegisters.CapabilitiesValue,
            HpetRegisters.Configuration => _configuration,
            HpetRegisters.InterruptStatus => _status,
            HpetRegisters.MainCounter => CounterAt(Tick()),
            _ => 0,
        };
    }

    private void WriteLocked(ulong register, ulong value, ulong mask)
    {
        ulong tick = Tick();
        if (TryGetTimer(register, out HpetTimer? timer, out ulong offset))
        {
            // A timer that is set anew has no use for what it ticked before.
            _lines.Cancel(Array.IndexOf(_timers, timer), timer.Route);
            if (offset == HpetRegisters.TimerConfiguration)
                timer.WriteConfiguration(value, mask);
            else if (offset == HpetRegisters.TimerComparator)
                timer.WriteComparator(value, mask);
            else
                return;
            ScheduleLocked(timer, tick);
            UpdateLinesLocked();
            return;
        }

        switch (register)
        {
            case HpetRegisters.Configuration:
                WriteConfigurationLocked((_configuration & ~mask) | value, tick);
                break;
            case HpetRegisters.InterruptStatus:
                _status &= ~value;
                UpdateLinesLocked();
                break;
            case HpetRegisters.MainCounter:
                ulong counter = (CounterAt(tick) & ~mask) | value;
                _counter = IsCounting ? counter - tick : counter;
                ScheduleAllLocked(tick);
                break;
        }
    }

    private void WriteConfigurationLocked(ulong value, ulong tick)
    {
        CancelAllLocked();
        ulong counter = CounterAt(tick);
        _configuration = value & (HpetRegisters.Enable | HpetRegisters.LegacyReplacement);
        _counter = IsCounting ? counter - tick : counter;
        ScheduleAllLocked(tick);
        UpdateLinesLocked();

        // Where the lines lead now the PIT or the RTC may have left something.
        CancelAllLocked();
    }

    private bool TryGetTimer(ulong register, [NotNullWhen(true)] out HpetTimer? timer, out ulong offset)
    {
        ulong index = (register - HpetRegisters.Timers) / HpetRegisters.TimerStride;
        offset = (register - HpetRegisters.Timers) % HpetRegisters.TimerStride;
        timer = index < TimerCount ? _timers[index] : null;
        return timer is not null;
    }

    private void CancelAllLocked()
    {
        for (int i = 0; i < TimerCount; i++)
            _lines.Cancel(i, _timers[i].Route);
    }

    private void ScheduleAllLocked(ulong tick)
    {
        foreach (HpetTimer timer in _timers)
            ScheduleLocked(timer, tick);
    }

    private void ScheduleLocked(HpetTimer timer, ulong tick)
    {
        if (IsCounting)
            timer.Schedule(tick, CounterAt(tick));
        else
            timer.Halt();
    }

    private void OnTimer()
    {
        lock (_lock)
        {
            PassLocked();
            ArmLocked(_clock.Now + TimerTicks.ShortestPeriod);
        }
    }

    /// <summary>Passes every match that has come and raises its interrupt.</summary>
    private void PassLocked()
    {
        ulong tick = Tick();
        for (int i = 0; i < TimerCount; i++)
        {
            HpetTimer timer = _timers[i];
            ulong matches = timer.Pass(tick);
            if (matches == 0 || !timer.IsEnabled)
                continue;
            if (timer.IsLevel)
                _status |= 1UL << i;
            else
                _lines.Pulse(i, timer.Route, matches, ToNanoseconds(timer.Period));
            UpdateLinesLocked();
        }
    }

    /// <param name="earliest">Not before this, in virtual nanoseconds.</param>
    private void ArmLocked(long earliest = 0)
    {
        ulong due = HpetTimer.Never;
        foreach (HpetTimer timer in _timers)
        {
            if (timer.IsEnabled)
                due = Math.Min(due, timer.Due);
        }

        long deadline = ToNanoseconds(due);
        if (deadline == long.MaxValue)
            _timer.Disarm();
        else
            _timer.Arm(Math.Max(deadline, earliest));
    }

    private void UpdateLinesLocked()
    {
        _lines.SetLegacy(IsLegacy);
        int asserted = 0;
        for (int i = 0; i < TimerCount; i++)
        {
            HpetTimer timer = _timers[i];
            if (IsCounting && timer.IsEnabled && timer.IsLevel && (_status & (1UL << i)) != 0)
                asserted |= _lines.BitOf(i, timer.Route);
        }

        _lines.Set(asserted);
    }
}
