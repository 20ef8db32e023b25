using Hearth.Machine;

namespace Hearth.Devices.Platform.LocalApic;

/// <summary>
/// The timer of a local APIC (Intel SDM Vol. 3, section 11.5.4): one-shot and periodic on the bus clock, or by TSC
/// deadline. The APIC's lock guards it.
/// </summary>
internal sealed class ApicTimer
{
    /// <summary>The bits of the divide configuration register.</summary>
    public const uint DivideWritable = 0xB;

    /// <summary>A guest that asks for more interrupts a second than this gets fewer: 20 µs between two of a periodic timer.</summary>
    private const long ShortestPeriod = 20_000;

    private const ulong NanosecondsPerSecond = 1_000_000_000;
    private const ulong FurthestDeadline = 1UL << 62;
    private const long Never = LocalApicState.Never;

    private readonly IVirtualClock _clock;
    private readonly ITimestampCounter _counter;
    private readonly IClockTimer _timer;

    private uint _initialCount;
    private uint _divideConfiguration;

    // Virtual nanoseconds at which the current period began.
    private long _started;

    // The TSC value to fire at; zero is disarmed.
    private ulong _tscDeadline;

    // Virtual nanoseconds at which the timer fires next; Never when it does not.
    private long _due = Never;

    public ApicTimer(IVirtualClock clock, ITimestampCounter counter, Action expired)
    {
        _clock = clock;
        _counter = counter;
        _timer = clock.CreateTimer(expired);
    }

    /// <summary>One-shot 0, periodic 1, TSC-deadline 2: bits 18:17 of the LVT entry.</summary>
    public ApicTimerMode Mode { get; private set; }

    public uint InitialCount => _initialCount;

    public uint DivideConfiguration => _divideConfiguration;

    public ulong TscDeadline => Mode == ApicTimerMode.TscDeadline ? _tscDeadline : 0;

    public uint CurrentCount
    {
        get
        {
            if (Mode == ApicTimerMode.TscDeadline || _initialCount == 0)
                return 0;
            ulong counted = (ulong)(_clock.Now - _started) / Divisor;
            if (counted < _initialCount)
                return _initialCount - (uint)counted;
            return Mode == ApicTimerMode.Periodic ? _initialCount - (uint)(counted % _initialCount) : 0;
        }
    }

    // Bits 3, 1 and 0: 000 divides by 2, 110 by 128, 111 by 1. The bus clock is 1 GHz, so this is nanoseconds a count.
    private ulong Divisor => 1UL << (int)((((_divideConfiguration & 3) | ((_divideConfiguration >> 1) & 4)) + 1) & 7);

    private long Period => (long)(_initialCount * Divisor);

    public void Reset()
    {
        Mode = ApicTimerMode.OneShot;
        _initialCount = 0;
        _divideConfiguration = 0;
        _started = 0;
        _tscDeadline = 0;
        Arm(Never);
    }

    /// <summary>Takes the mode of the LVT entry. Entering or leaving TSC-deadline mode disarms the timer.</summary>
    public void SetMode(ApicTimerMode mode)
    {
        if (mode == Mode)
            return;
        if (mode == ApicTimerMode.TscDeadline || Mode == ApicTimerMode.TscDeadline)
        {
            _initialCount = 0;
            _tscDeadline = 0;
            Arm(Never);
        }

        Mode = mode;
    }

    /// <summary>Starts the count; zero stops it. Ignored in TSC-deadline mode.</summary>
    public void WriteInitialCount(uint value)
    {
        if (Mode == ApicTimerMode.TscDeadline)
            return;
        _initialCount = value;
        _started = _clock.Now;
        Arm(value == 0 ? Never : _started + Period);
    }

    /// <summary>Changes the rate; the rest of a running count goes on at the new one.</summary>
    public void WriteDivideConfiguration(uint value)
    {
        uint counted = _initialCount - CurrentCount;
        _divideConfiguration = value & DivideWritable;
        if (Mode == ApicTimerMode.TscDeadline || _due == Never)
            return;
        _started = _clock.Now - (long)(counted * Divisor);
        Arm(_started + Period);
    }

    /// <summary>Arms the timer by TSC; zero disarms it. Ignored in the other modes.</summary>
    /// <returns>True when the deadline has passed already: the interrupt is due now.</returns>
    public bool WriteTscDeadline(ulong value)
    {
        if (Mode != ApicTimerMode.TscDeadline)
            return false;
        _tscDeadline = value;
        return ArmDeadline();
    }

    /// <summary>The clock's timer fired.</summary>
    /// <returns>True when the interrupt is due; false when the timer was changed meanwhile.</returns>
    public bool Expire()
    {
        long now = _clock.Now;
        if (now < _due)
            return false;
        if (Mode == ApicTimerMode.TscDeadline)
            return ArmDeadline();
        if (Mode != ApicTimerMode.Periodic)
        {
            _due = Never;
            return true;
        }

        // Periods that nobody had time for are lost, the phase is kept.
        _started += (now - _started) / Period * Period;
        Arm(Math.Max(_started + Period, now + ShortestPeriod));
        return true;
    }

    public void Save(LocalApicState to)
    {
        to.TimerMode = (byte)Mode;
        to.InitialCount = _initialCount;
        to.DivideConfiguration = _divideConfiguration;
        to.TimerStarted = _started;
        to.TscDeadline = _tscDeadline;
        to.TimerDue = _due;
    }

    public void Restore(LocalApicState from)
    {
        Mode = (ApicTimerMode)(from.TimerMode & 3);
        _initialCount = from.InitialCount;
        _divideConfiguration = from.DivideConfiguration & DivideWritable;
        _started = from.TimerStarted;
        _tscDeadline = from.TscDeadline;
        bool isStarted = Mode == ApicTimerMode.TscDeadline ? _tscDeadline != 0 : _initialCount != 0;
        Arm(isStarted ? from.TimerDue : Never);
    }

    private void Arm(long due)
    {
        _due = due;
        if (due == Never)
            _timer.Disarm();
        else
            _timer.Arm(due);
    }

    private bool ArmDeadline()
    {
        ulong now = _counter.Now;
        if (_tscDeadline > now)
        {
            Arm(AfterTicks(_tscDeadline - now));
            return false;
        }

        bool isDue = _tscDeadline != 0;
        _tscDeadline = 0;
        Arm(Never);
        return isDue;
    }

    private long AfterTicks(ulong ticks)
    {
        // Six seconds at 3 GHz fit into 64 bits; a timer that far away may be late by a division.
        ulong frequency = _counter.Frequency;
        ulong nanoseconds = ticks <= ulong.MaxValue / NanosecondsPerSecond
            ? (ticks * NanosecondsPerSecond / frequency) + 1
            : ticks / frequency * NanosecondsPerSecond;
        return nanoseconds < FurthestDeadline ? _clock.Now + (long)nanoseconds : Never - 1;
    }
}
