using Hearth.Machine;

namespace Hearth.Devices.Platform.Pit;

/// <summary>The 8254 interval timer at ports 0x40–0x43, and port 0x61, where its counter 2 drives the speaker.</summary>
/// <remarks>Lock order: this, wire, interrupt controllers; this, clock.</remarks>
public sealed class PitDevice : IMachineDevice, IBusDevice
{
    /// <summary>The input clock in hertz: a third of the NTSC colour carrier, 14.31818 MHz / 12.</summary>
    public const uint Frequency = 1_193_182;

    private const byte StateVersion = 2;
    private const int CounterCount = 3;
    private const int SpeakerCounter = 2;

    private readonly Lock _lock = new();
    private readonly ClockRate _rate = new(Frequency);
    private readonly PitCounter[] _counters = new PitCounter[CounterCount];
    private readonly IVirtualClock _clock;
    private readonly IEdgeLine _line;
    private readonly IClockTimer _timer;
    private ulong _nextRise = PitCounter.Never;
    private byte _systemControl;

    /// <param name="context">Ports and clock are used.</param>
    /// <param name="line">The output of counter 0: IRQ 0.</param>
    public PitDevice(DeviceContext context, IEdgeLine line)
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
                StartLocked();
        }
    }

    public void Reset()
    {
        lock (_lock)
        {
            for (int i = 0; i < CounterCount; i++)
                _counters[i].Reset(gate: i != SpeakerCounter);
            _systemControl = 0;
            StartLocked();
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
                StartLocked();
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
            ulong tick = Tick();
            if (tick < _nextRise)
                return;
            PitCounter counter = _counters[0];
            TimerTicks.Give(_line, counter.CountRises(_nextRise, tick), _rate.ToNanoseconds(counter.Period));
            _nextRise = counter.NextRise(tick);
            ArmLocked(_clock.Now + TimerTicks.ShortestPeriod);
        }
    }

    /// <summary>Counter 0 was set anew, and what it had ticked before is no longer wanted.</summary>
    private void StartLocked()
    {
        _line.Cancel();
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
}
