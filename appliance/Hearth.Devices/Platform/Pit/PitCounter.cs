using Hearth.Machine;

namespace Hearth.Devices.Platform.Pit;

/// <summary>
/// One counter of an 8254 (Intel data sheet 231164). It does not count: value and output follow from the tick at which the
/// count was loaded. Times are ticks of the 1.193182 MHz input. <see cref="PitDevice"/>'s lock guards it.
/// </summary>
internal sealed class PitCounter
{
    /// <summary>No rising edge will come.</summary>
    public const ulong Never = ulong.MaxValue;

    private const int BinaryRange = 0x1_0000;
    private const int BcdRange = 10_000;

    private PitMode _mode;
    private bool _isBcd;
    private uint _reload = BinaryRange;

    // A count has been written since the control word.
    private bool _isLoaded;
    private bool _isCounting;
    private bool _gate;

    // While counting the tick at which it began, else the ticks counted before it was held.
    private ulong _origin;

    private PitByteAccess _access = new(PitByteAccess.LowThenHigh);

    public bool Gate => _gate;

    public PitByteAccess Access => _access;

    private uint Range => _isBcd ? (uint)BcdRange : BinaryRange;

    private bool IsPeriodic => _mode is PitMode.RateGenerator or PitMode.SquareWave;

    private bool WaitsForTrigger => _mode is PitMode.HardwareOneShot or PitMode.HardwareStrobe;

    public void Reset(bool gate)
    {
        _mode = PitMode.InterruptOnTerminalCount;
        _isBcd = false;
        _reload = BinaryRange;
        _isLoaded = false;
        _isCounting = false;
        _gate = gate;
        _origin = 0;
        _access = new PitByteAccess(PitByteAccess.LowThenHigh);
    }

    /// <summary>A control word with a mode; the counter waits for its count.</summary>
    public void Program(byte control)
    {
        int mode = (control >> 1) & 7;
        _mode = (PitMode)(mode > 5 ? mode - 4 : mode);
        _isBcd = (control & 1) != 0;
        _access = new PitByteAccess((control >> 4) & 3);
        _isLoaded = false;
        _isCounting = false;
        _origin = 0;
    }

    public void LatchCount(ulong tick) => _access.LatchCount(Count(tick));

    /// <summary>The status byte of the read-back command.</summary>
    public void LatchStatus(ulong tick) => _access.LatchStatus((byte)(
        (Output(tick) ? 0x80 : 0) | (_isLoaded ? 0 : 0x40) | (_access.Mode << 4) | ((int)_mode << 1) | (_isBcd ? 1 : 0)));

    public byte Read(ulong tick) => _access.Read(Count(tick));

    public void Write(byte value, ulong tick)
    {
        if (!_access.TryWrite(value, out ushort count))
        {
            // The first of two bytes stops mode 0 and takes its output low.
            if (_mode == PitMode.InterruptOnTerminalCount)
                Load(false, false, 0);
            return;
        }

        uint binary = _isBcd ? FromBcd(count) : count;
        _reload = binary == 0 ? Range : binary;
        if (WaitsForTrigger)
            _isLoaded = true; // A running one-shot goes on with its old count only on hardware; see the device's page.
        else
            Load(true, _gate, _gate ? tick : 0);
    }

    public void SetGate(bool gate, ulong tick)
    {
        if (gate == _gate)
            return;
        ulong elapsed = Elapsed(tick);
        _gate = gate;
        if (WaitsForTrigger)
        {
            if (gate && _isLoaded)
                Load(true, true, tick);
        }
        else if (IsPeriodic)
        {
            Load(_isLoaded, gate && _isLoaded, gate ? tick : 0);
        }
        else
        {
            Load(_isLoaded, gate && _isLoaded, gate ? tick - elapsed : elapsed);
        }
    }

    public bool Output(ulong tick)
    {
        ulong elapsed = Elapsed(tick);
        return _mode switch
        {
            PitMode.InterruptOnTerminalCount => _isLoaded && elapsed >= _reload,
            PitMode.HardwareOneShot => !_isCounting || elapsed >= _reload,
            PitMode.RateGenerator => !_isCounting || elapsed % _reload != _reload - 1,
            PitMode.SquareWave => !_isCounting || elapsed % _reload < (_reload + 1) / 2,
            _ => !_isCounting || elapsed != _reload,
        };
    }

    /// <summary>Ticks from one rising edge to the next; zero when there is only one.</summary>
    public ulong Period => IsPeriodic ? _reload : 0;

    /// <summary>Rising edges from that at <paramref name="first"/> until <paramref name="last"/>, both included.</summary>
    public ulong CountRises(ulong first, ulong last) => IsPeriodic ? ((last - first) / _reload) + 1 : 1;

    /// <summary>The first tick after <paramref name="tick"/> at which the output rises, or <see cref="Never"/>.</summary>
    public ulong NextRise(ulong tick)
    {
        if (!_isCounting)
            return Never;
        ulong elapsed = Elapsed(tick);
        return _mode switch
        {
            PitMode.RateGenerator or PitMode.SquareWave => _origin + (((elapsed / _reload) + 1) * _reload),
            PitMode.SoftwareStrobe or PitMode.HardwareStrobe => elapsed <= _reload ? _origin + _reload + 1 : Never,
            _ => elapsed < _reload ? _origin + _reload : Never,
        };
    }

    public void Save(IStateWriter to)
    {
        to.WriteByte((byte)_mode);
        to.WriteBoolean(_isBcd);
        to.WriteUInt32(_reload);
        to.WriteBoolean(_isLoaded);
        to.WriteBoolean(_isCounting);
        to.WriteBoolean(_gate);
        to.WriteUInt64(_origin);
        _access.Save(to);
    }

    public void Restore(IStateReader from)
    {
        _mode = (PitMode)Math.Min(from.ReadByte(), (byte)PitMode.HardwareStrobe);
        _isBcd = from.ReadBoolean();
        _reload = Math.Clamp(from.ReadUInt32(), 1, BinaryRange);
        _isLoaded = from.ReadBoolean();
        _isCounting = from.ReadBoolean();
        _gate = from.ReadBoolean();
        _origin = from.ReadUInt64();
        _access = PitByteAccess.Restore(from);
    }

    private static uint FromBcd(ushort value) =>
        (uint)(((value >> 12) * 1000) + (((value >> 8) & 15) * 100) + (((value >> 4) & 15) * 10) + (value & 15));

    private static ushort ToBcd(uint value) =>
        (ushort)((value / 1000 % 10 << 12) | (value / 100 % 10 << 8) | (value / 10 % 10 << 4) | (value % 10));

    private void Load(bool isLoaded, bool isCounting, ulong origin)
    {
        _isLoaded = isLoaded;
        _isCounting = isCounting;
        _origin = origin;
    }

    private ulong Elapsed(ulong tick) => _isCounting ? tick - _origin : _origin;

    private ushort Count(ulong tick)
    {
        ulong elapsed = _isLoaded && (_isCounting || !WaitsForTrigger) ? Elapsed(tick) : 0;
        uint value = _mode switch
        {
            PitMode.RateGenerator => _reload - (uint)(elapsed % _reload),
            PitMode.SquareWave => SquareWaveCount((uint)(elapsed % _reload)),
            _ => _reload + Range - (uint)(elapsed % Range),
        };
        value %= Range;
        return _isBcd ? ToBcd(value) : (ushort)value;
    }

    /// <summary>A square wave counts down by two, once for each half of its period.</summary>
    private uint SquareWaveCount(uint elapsed)
    {
        uint high = (_reload + 1) / 2;
        uint even = _reload & ~1u;
        return even - (2 * (elapsed < high ? elapsed : elapsed - high));
    }
}
