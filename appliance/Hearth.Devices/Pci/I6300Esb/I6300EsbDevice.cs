using Hearth.Machine;

namespace Hearth.Devices.Pci.I6300Esb;

/// <summary>The watchdog timer of the Intel 6300ESB I/O Controller Hub (datasheet 300641, chapter 14), which Linux drives as i6300esb.</summary>
/// <remarks>
/// <code>
/// stopped ── enable ──► stage 1 ── runs out: interrupt status ──► stage 2 ── runs out: WDT_TIMEOUT, the machine is told ──► stopped
///                         ▲  └──────────── reload ────────────────┘
/// </code>
/// It counts by the virtual clock, so that a guest that is paused or saved is not found dead when it goes on.
/// </remarks>
public sealed class I6300EsbDevice : PciFunction, IBusDevice, IDisposable
{
    private const ushort Intel = 0x8086;
    private const ushort WatchdogTimer = 0x25AB;
    private const uint OtherSystemPeripheral = 0x088000;

    // The counter is fed by the 33 MHz of the PCI bus; a preload value counts its 2^15 or 2^5 clocks.
    private const int SlowShift = 15;
    private const int FastShift = 5;
    private const long ClocksPerMicrosecond = 33;

    // Nanoseconds: a guest must not keep the host's timer thread busy by a counter of a microsecond that runs freely.
    private const long ShortestStage = 1_000_000;

    private readonly IVirtualClock _clock;
    private readonly IClockTimer _timer;
    private readonly IMachineControl _control;
    private readonly IDeviceLog _log;
    private uint _firstPreload;
    private uint _secondPreload;
    private bool _interruptActive;
    private bool _timedOut;
    private byte _lock;

    // Keys that were written in order: 0 to 2.
    private byte _keys;

    // 0 while stopped.
    private byte _stage;
    private long _deadline;

    public I6300EsbDevice(DeviceContext context)
        : base("i6300esb", new PciIdentity(Intel, WatchdogTimer, 0, OtherSystemPeripheral, 0), context, new Lock())
    {
        ArgumentNullException.ThrowIfNull(context);
        _clock = context.Clock;
        _timer = context.Clock.CreateTimer(OnTimer);
        _control = context.Control;
        _log = context.Log;
        Configuration.DefineUInt16(I6300EsbRegisters.Configuration, 0, I6300EsbRegisters.ConfigurationWritable);
        Configuration.Define(I6300EsbRegisters.Lock, 0, I6300EsbRegisters.LockWritable);
        AddBar(0, PciBarKind.Memory32, I6300EsbRegisters.MemoryLength, this);
    }

    private bool IsFreeRunning => (_lock & I6300EsbRegisters.FreeRunning) != 0;

    private ushort Settings => Configuration.ReadUInt16(I6300EsbRegisters.Configuration);

    public void Dispose() => _timer.Dispose();

    public ulong Read(ulong offset, AccessWidth width)
    {
        lock (Sync)
        {
            uint value = ((uint)offset & ~3U) switch
            {
                I6300EsbRegisters.FirstPreload => _firstPreload,
                I6300EsbRegisters.SecondPreload => _secondPreload,
                I6300EsbRegisters.InterruptStatus => _interruptActive ? I6300EsbRegisters.InterruptActive : 0U,
                _ => _timedOut ? I6300EsbRegisters.TimedOut : 0U,
            };
            return value >> (8 * (int)(offset & 3));
        }
    }

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        lock (Sync)
        {
            if (offset == I6300EsbRegisters.InterruptStatus)
                _interruptActive &= (value & I6300EsbRegisters.InterruptActive) == 0;
            else if (_keys == 2)
                WriteUnlockedLocked((uint)offset, (uint)value);
            else if (offset == I6300EsbRegisters.Reload)
                TakeKeyLocked((byte)value);
            else
                _log.GuestError(Name, "a register is written without its keys", offset);
        }
    }

    protected override void ConfigurationWritten(int offset, AccessWidth width)
    {
        if ((offset & ~3) != I6300EsbRegisters.Lock)
            return;
        lock (Sync)
        {
            byte value = (byte)Configuration.Read(I6300EsbRegisters.Lock, AccessWidth.Byte);
            if ((_lock & I6300EsbRegisters.Locked) != 0)
            {
                Configuration.Write(I6300EsbRegisters.Lock, AccessWidth.Byte, _lock);
                return;
            }

            bool wasEnabled = (_lock & I6300EsbRegisters.Enabled) != 0;
            bool isEnabled = (value & I6300EsbRegisters.Enabled) != 0;
            _lock = value;
            if (!isEnabled)
                StopLocked();
            else if (!wasEnabled)
                StartLocked();
        }
    }

    /// <summary>WDT_TIMEOUT stays: the guest that boots after a reset is to know why.</summary>
    protected override void ResetLocked()
    {
        _firstPreload = I6300EsbRegisters.PreloadMask;
        _secondPreload = I6300EsbRegisters.PreloadMask;
        _interruptActive = false;
        _lock = 0;
        _keys = 0;
        StopLocked();
    }

    protected override void SaveLocked(IStateWriter to)
    {
        to.WriteUInt32(_firstPreload);
        to.WriteUInt32(_secondPreload);
        to.WriteBoolean(_interruptActive);
        to.WriteBoolean(_timedOut);
        to.WriteByte(_keys);
        to.WriteByte(_stage);
        to.WriteInt64(_deadline);
    }

    protected override void RestoreLocked(IStateReader from)
    {
        _firstPreload = from.ReadUInt32() & I6300EsbRegisters.PreloadMask;
        _secondPreload = from.ReadUInt32() & I6300EsbRegisters.PreloadMask;
        _interruptActive = from.ReadBoolean();
        _timedOut = from.ReadBoolean();
        _keys = Math.Min(from.ReadByte(), (byte)2);
        _stage = Math.Min(from.ReadByte(), (byte)2);
        _deadline = from.ReadInt64();
        _lock = (byte)Configuration.Read(I6300EsbRegisters.Lock, AccessWidth.Byte);
        if (_stage == 0)
            _timer.Disarm();
        else
            _timer.Arm(_deadline);
    }

    /// <summary>Both keys together let one write through.</summary>
    private void TakeKeyLocked(byte value)
    {
        if (value == I6300EsbRegisters.FirstKey)
            _keys = 1;
        else
            _keys = (byte)(value == I6300EsbRegisters.SecondKey && _keys == 1 ? 2 : 0);
    }

    private void WriteUnlockedLocked(uint offset, uint value)
    {
        _keys = 0;
        switch (offset)
        {
            case I6300EsbRegisters.FirstPreload:
                _firstPreload = value & I6300EsbRegisters.PreloadMask;
                break;
            case I6300EsbRegisters.SecondPreload:
                _secondPreload = value & I6300EsbRegisters.PreloadMask;
                break;
            case I6300EsbRegisters.Reload:
                _timedOut &= (value & I6300EsbRegisters.TimedOut) == 0;
                if ((value & I6300EsbRegisters.ReloadTimer) != 0 && (_lock & I6300EsbRegisters.Enabled) != 0)
                    StartLocked();
                break;
            default:
                _log.GuestError(Name, "a register that is not there is written", offset);
                break;
        }
    }

    private void StartLocked() => BeginStageLocked(IsFreeRunning ? (byte)2 : (byte)1, _clock.Now);

    private void StopLocked()
    {
        _stage = 0;
        _deadline = 0;
        _timer.Disarm();
    }

    private void BeginStageLocked(byte stage, long now)
    {
        long preload = (stage == 1 ? _firstPreload : _secondPreload) + 1L;
        long clocks = preload << ((Settings & I6300EsbRegisters.Fast) != 0 ? FastShift : SlowShift);
        _stage = stage;
        _deadline = now + Math.Max(clocks * 1000 / ClocksPerMicrosecond, ShortestStage);
        _timer.Arm(_deadline);
    }

    private void OnTimer()
    {
        bool isOver;
        lock (Sync)
        {
            // A timer that was disarmed or armed anew may have been on its way.
            long now = _clock.Now;
            if (_stage == 0 || now < _deadline)
                return;
            isOver = EndStageLocked(now);
        }

        if (isOver)
            _control.WatchdogExpired();
    }

    /// <returns>True when the machine is to be told. A timer that runs freely tells once, until the driver has taken note.</returns>
    private bool EndStageLocked(long now)
    {
        if (_stage == 1)
        {
            _interruptActive |= (Settings & I6300EsbRegisters.InterruptTypeMask) != I6300EsbRegisters.InterruptDisabled;
            BeginStageLocked(2, now);
            return false;
        }

        bool isTold = !IsFreeRunning || !_timedOut;
        _timedOut = true;
        if (IsFreeRunning)
            BeginStageLocked(2, now);
        else
            StopLocked();
        return isTold && (Settings & I6300EsbRegisters.OutputDisabled) == 0;
    }
}
