using Hearth.Machine;

namespace Hearth.Devices.Platform.Pit;

/// <summary>The 8254 interval timer at ports 0x40–0x43, and port 0x61, where its counter 2 drives the speaker.</summary>
/// <remarks>Lock order: this, wire, interrupt controllers; this, clock.</remarks>
public sealed class PitDevice : IMachineDevice, IBusDevice
{
    /// <summary>The input clock in hertz: a third of the NTSC colour carrier, 14.31818 MHz / 12.</summary>
    public const uint Frequency = 1_193_182;

    private const byte StateVersion = 1;
    private const int CounterCount = 3;
    private const int SpeakerCounter = 2;

    // A guest that asks for more interrupts a second than this gets fewer: nanoseconds between two.
    private const long ShortestPeriod = 20_000;

    /// <summary>Nanoseconds.</summary>
    private const long LongestBacklog = 500_000_000;

    private readonly Lock _lock = new();
    private readonly ClockRate _rate = new(Frequency);
    private readonly PitCounter[] _counters = new PitCounter[CounterCount];
    private readonly IVirtualClock _clock;
    private readonly IInterruptLine _line;
    private readonly IClockTimer _timer;
    private ulong _nextRise = PitCounter.Never;
    private bool _lineLevel;
    private byte _systemControl;

    /// <param name="context">Ports and clock are used.</param>
    /// <param name="line">The output of counter 0: IRQ 0.</param>
    public PitDevice(DeviceContext context, IInterruptLine line)
    {
        ArgumentNullException.ThrowIfNull(context);
        _clock = context.Clock;
        _line = line;
        for (int i = 0; i < CounterCount; i++)
            _counters[i] = new PitCounter();
        _timer = _clock.CreateTimer(OnTimer);
        Reset();
        context.Ports.Map(new AddressRange(PitRegisters.CounterPorts, CounterCount + 1), this);
        context.Ports.Map(new AddressRange(PitRegisters.SystemControlPort, 1), new SystemControlPort(this));
    }

    public string Name => "pit";

    public ulong Read(ulong offset, AccessWidth width)
    {
        lock (_lock)
        {
            // The control word cannot be read.
            return offset == PitRegisters.ControlWord ? byte.MaxValue : _counters[offset].Read(Tick());
        }
    }

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        lock (_lock)
        {
            if (offset == PitRegisters.ControlWord)
            {
                WriteControlLocked((byte)value);
                return;
            }

            _counters[offset].Write((byte)value, Tick());
            if (offset == 0)
                ScheduleLocked();
        }
    }

    public void Reset()
    {
        lock (_lock)
        {
            for (int i = 0; i < CounterCount; i++)
                _counters[i].Reset(gate: i != SpeakerCounter);
            _systemControl = 0;
            SetLineLocked(false);
            ScheduleLocked();
        }
    }

    public void Save(IStateWriter to)
    {
        lock (_lock)
        {
            to.WriteVersion(StateVersion);
            foreach (PitCounter counter in _counters)
                counter.Save(to);
            to.WriteByte(_systemControl);
            to.WriteBoolean(_lineLevel);
            to.WriteUInt64(_nextRise);
        }
    }

    public void Restore(IStateReader from)
    {
        lock (_lock)
        {
            from.ReadVersion(Name, StateVersion);
            foreach (PitCounter counter in _counters)
                counter.Restore(from);
            _systemControl = from.ReadByte();
            SetLineLocked(from.ReadBoolean());
            _nextRise = from.ReadUInt64();
            ArmLocked();
        }
    }

    internal byte ReadSystemControl()
    {
        lock (_lock)
        {
            byte value = _systemControl;
            if ((_clock.Now / PitRegisters.RefreshPeriod & 1) != 0)
                value |= PitRegisters.RefreshToggle;
            if (_counters[SpeakerCounter].Output(Tick()))
                value |= PitRegisters.Counter2Output;
            return value;
        }
    }

    internal void WriteSystemControl(byte value)
    {
        lock (_lock)
        {
            _systemControl = (byte)(value & PitRegisters.SystemControlWritable);
            _counters[SpeakerCounter].SetGate((value & PitRegisters.SpeakerGate) != 0, Tick());
        }
    }

    private ulong Tick() => _rate.ToTicks(_clock.Now);

    private void WriteControlLocked(byte control)
    {
        int index = control >> 6;
        ulong tick = Tick();
        if (index == PitRegisters.ReadBack)
        {
            ReadBackLocked(control, tick);
        }
        else if ((control & 0x30) == 0)
        {
            _counters[index].LatchCount(tick);
        }
        else
        {
            _counters[index].Program(control);
            if (index == 0)
            {
                SetLineLocked(false);
                ScheduleLocked();
            }
        }
    }

    private void ReadBackLocked(byte control, ulong tick)
    {
        for (int i = 0; i < CounterCount; i++)
        {
            if ((control & (2 << i)) == 0)
                continue;
            if ((control & PitRegisters.ReadBackNoCount) == 0)
                _counters[i].LatchCount(tick);
            if ((control & PitRegisters.ReadBackNoStatus) == 0)
                _counters[i].LatchStatus(tick);
        }
    }

    private void OnTimer()
    {
        lock (_lock)
        {
            if (Tick() < _nextRise)
                return;

            SetLineLocked(false);
            SetLineLocked(true);

            // A guest counts these edges as time, so what a busy host delivers late is made up for, one edge after the other.
            ulong rise = _nextRise;
            bool hopeless = _clock.Now - _rate.ToNanoseconds(rise) > LongestBacklog;
            _nextRise = _counters[0].NextRise(hopeless ? Tick() : rise);
            ArmLocked(_clock.Now + ShortestPeriod);
        }
    }

    private void ScheduleLocked()
    {
        _nextRise = _counters[0].NextRise(Tick());
        ArmLocked();
    }

    /// <param name="earliest">Not before this, in virtual nanoseconds.</param>
    private void ArmLocked(long earliest = 0)
    {
        if (_nextRise == PitCounter.Never)
            _timer.Disarm();
        else
            _timer.Arm(Math.Max(_rate.ToNanoseconds(_nextRise), earliest));
    }

    private void SetLineLocked(bool level)
    {
        _lineLevel = level;
        _line.Set(level);
    }
}
