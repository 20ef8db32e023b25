using System.Buffers.Binary;
using Hearth.Devices.Pci;
using Hearth.Machine;

namespace Hearth.Devices.Sound.Hda;

/// <summary>
/// An Intel High Definition Audio controller, as the ICH9 has it, with one codec (Intel High Definition Audio 1.0a): four streams that play and
/// four that record.
/// </summary>
/// <remarks>
/// Sound moves as the machine's clock goes. A look at a stream's position moves it to where it must be at that moment; a timer looks when an
/// interrupt is due, and often enough for the host's ring to stay filled.
/// </remarks>
public sealed class HdaDevice : PciFunction, IBusDevice, IPausableDevice, IDisposable
{
    private const int StreamsEachWay = 4;
    private const uint Version1 = 0x0100_0000;
    private const uint CapabilityWord = (StreamsEachWay << 12) | (StreamsEachWay << 8) | 1; // OSS, ISS, 64-bit addresses
    private const uint PayloadWord = 0x001D_003C;
    private const uint StreamMask = (1 << (2 * StreamsEachWay)) - 1;
    private const uint CodecMask = 1 << HdaCodec.Address;
    private const int HdControl = 0x40;
    private const int TrafficClass = 0x44;
    private const int MsiOffset = 0x60;
    private const byte InterruptPinA = 1;
    private const int PositionEntryLength = 8;
    private const uint PositionMask = ~0x7FU;
    private const int NanosecondsPerTickUpper = 125; // The link's clock: 24 MHz, three ticks in 125 ns.
    private const int NanosecondsPerTickLower = 3;

    private readonly IGuestMemory _ram;
    private readonly IVirtualClock _clock;
    private readonly IClockTimer _timer;
    private readonly IDeviceLog _log;
    private readonly MsiCapability _msi;
    private readonly HdaCodec _codec = new();
    private readonly HdaCommandRings _rings;
    private readonly HdaStream[] _streams = new HdaStream[2 * StreamsEachWay];

    private uint _globalControl;
    private uint _globalStatus;
    private ushort _wakeEnable;
    private ushort _state;
    private uint _interruptControl;
    private uint _synchronized;
    private ulong _positions;
    private long _wallStart;
    private uint _signalled;
    private bool _isPaused;

    public HdaDevice(string name, ISoundBackend backend, DeviceContext context)
        : base(name, new PciIdentity(0x8086, 0x293E, 3, 0x040300, InterruptPinA) { SubsystemVendorId = 0x1AF4, SubsystemId = 0x1100 }, context, new Lock())
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(context);
        _ram = context.Ram;
        _clock = context.Clock;
        _log = context.Log;
        _timer = context.Clock.CreateTimer(OnTimer);
        _rings = new HdaCommandRings(_ram, _codec, Log);
        var inputs = new ISoundInput[StreamsEachWay];
        var outputs = new ISoundOutput[StreamsEachWay];
        for (int i = 0; i < StreamsEachWay; i++)
        {
            inputs[i] = backend.CreateInput($"{name}-input{i}");
            outputs[i] = backend.CreateOutput($"{name}-output{i}");
        }

        var link = new HdaLink(_codec, inputs, outputs);
        for (int i = 0; i < _streams.Length; i++)
            _streams[i] = new HdaStream(i, i >= StreamsEachWay, _ram, link, Log);

        AddBar(0, PciBarKind.Memory64, HdaRegisters.Length, this);
        Configuration.Define(HdControl, 1);
        Configuration.Define(TrafficClass, 0, 0x07);
        _msi = new MsiCapability(Configuration, AddCapability(PciRegisters.CapabilityMsi, stackalloc byte[MsiCapability.BodyLength], MsiOffset), context.Messages);
    }

    private bool IsInReset => (_globalControl & HdaRegisters.GlobalReset) == 0;

    public ulong Read(ulong offset, AccessWidth width)
    {
        lock (Sync)
        {
            int register = (int)offset & ~3;
            int shift = 8 * ((int)offset & 3);
            ulong value = ReadLocked(register);
            if (shift + (8 * (int)width) > 32)
                value |= (ulong)ReadLocked(register + 4) << 32;
            value >>= shift;
            if (shift + (8 * (int)width) > 64)
                value |= (ulong)ReadLocked(register + 8) << (64 - shift);
            return value & (ulong.MaxValue >> (64 - (8 * (int)width)));
        }
    }

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        lock (Sync)
        {
            // A write is spread over the dwords it touches, each with the bits that are written.
            int end = (int)offset + (int)width;
            for (int at = (int)offset; at < end;)
            {
                int shift = 8 * (at & 3);
                int bytes = Math.Min(4 - (at & 3), end - at);
                uint mask = (uint)((1UL << (8 * bytes)) - 1) << shift;
                WriteLocked(at & ~3, (uint)value << shift, mask);
                value >>= 8 * bytes;
                at += bytes;
            }

            FollowLocked();
        }
    }

    /// <summary>Something was plugged into a jack or pulled out of it.</summary>
    public void Plug(HdaJack jack, bool isPlugged)
    {
        lock (Sync)
        {
            uint? response = _codec.Plug(CodecNode.FrontJack + (int)jack, isPlugged);
            if (response is { } unsolicited && (_globalControl & HdaRegisters.GlobalUnsolicited) != 0)
                _rings.SendUnsolicited(unsolicited);
            FollowLocked();
        }
    }

    public void Pause()
    {
        lock (Sync)
        {
            AdvanceLocked();
            FollowLocked();
            _isPaused = true;
            _timer.Disarm();
        }
    }

    public void Resume()
    {
        lock (Sync)
        {
            _isPaused = false;
            ArmLocked();
        }
    }

    public void Dispose() => _timer.Dispose();

    protected override void ConfigurationWritten(int offset, AccessWidth width)
    {
        lock (Sync)
            FollowLocked();
    }

    protected override void ResetLocked()
    {
        ResetControllerLocked();
        _codec.Reset();
        _globalControl = 0;
        _wakeEnable = 0;
        _state = 0;
        _signalled = 0;
        _timer.Disarm();
    }

    protected override void SaveLocked(IStateWriter to)
    {
        to.WriteUInt32(_globalControl);
        to.WriteUInt32(_globalStatus);
        to.WriteUInt16(_wakeEnable);
        to.WriteUInt16(_state);
        to.WriteUInt32(_interruptControl);
        to.WriteUInt32(_synchronized);
        to.WriteUInt64(_positions);
        to.WriteInt64(_wallStart);
        to.WriteUInt32(_signalled);
        _codec.Save(to);
        _rings.Save(to);
        foreach (HdaStream stream in _streams)
            stream.Save(to);
    }

    protected override void RestoreLocked(IStateReader from)
    {
        _globalControl = from.ReadUInt32();
        _globalStatus = from.ReadUInt32();
        _wakeEnable = from.ReadUInt16();
        _state = from.ReadUInt16();
        _interruptControl = from.ReadUInt32();
        _synchronized = from.ReadUInt32() & StreamMask;
        _positions = from.ReadUInt64();
        _wallStart = from.ReadInt64();
        _signalled = from.ReadUInt32();
        _codec.Restore(from);
        _rings.Restore(from);
        foreach (HdaStream stream in _streams)
            stream.Restore(from);
        ArmLocked();
    }

    private uint ReadLocked(int register)
    {
        if (register >= HdaRegisters.Alias)
            return ReadAliasLocked(register);
        if (register >= HdaRegisters.FirstStream)
            return StreamAt(register, out int inside) is { } stream ? ReadStreamLocked(stream, inside) : 0;
        return register switch
        {
            HdaRegisters.Capabilities => CapabilityWord | Version1,
            HdaRegisters.PayloadCapabilities => PayloadWord,
            HdaRegisters.GlobalControl => _globalControl,
            HdaRegisters.WakeAndState => _wakeEnable | ((uint)_state << 16),
            HdaRegisters.GlobalStatus => _globalStatus,
            HdaRegisters.InterruptControl => _interruptControl,
            HdaRegisters.InterruptStatus => InterruptStatusLocked(),
            HdaRegisters.WallClock => WallClockLocked(),
            HdaRegisters.StreamSynchronization or HdaRegisters.StreamSynchronizationIch => _synchronized,
            HdaRegisters.PositionBaseLow => (uint)_positions,
            HdaRegisters.PositionBaseHigh => (uint)(_positions >> 32),
            _ => _rings.Read(register),
        };
    }

    private uint ReadAliasLocked(int register)
    {
        if (register == HdaRegisters.WallClockAlias)
            return WallClockLocked();
        return StreamAt(register - HdaRegisters.Alias, out int inside) is { } stream && inside == HdaRegisters.StreamPosition
            ? ReadStreamLocked(stream, inside)
            : 0;
    }

    private uint ReadStreamLocked(HdaStream stream, int inside)
    {
        if (inside == HdaRegisters.StreamPosition && stream.IsRunning)
        {
            AdvanceLocked();
            FollowLocked();
        }

        return stream.Read(inside);
    }

    private void WriteLocked(int register, uint value, uint mask)
    {
        if (register == HdaRegisters.GlobalControl)
        {
            WriteGlobalControlLocked((_globalControl & ~mask) | (value & mask));
            return;
        }

        // While it is held in reset, a controller has nothing else that can be written.
        if (IsInReset)
            return;
        if (register >= HdaRegisters.FirstStream && register < HdaRegisters.Alias)
        {
            AdvanceLocked();
            StreamAt(register, out int inside)?.Write(inside, value, mask, _clock.Now);
            return;
        }

        switch (register)
        {
            case HdaRegisters.WakeAndState:
                _wakeEnable = (ushort)((_wakeEnable & ~mask) | (value & mask & CodecMask));
                _state &= (ushort)~((value & mask) >> 16);
                break;
            case HdaRegisters.GlobalStatus:
                _globalStatus &= ~(value & mask & HdaRegisters.GlobalFlushed);
                break;
            case HdaRegisters.InterruptControl:
                _interruptControl = ((_interruptControl & ~mask) | (value & mask)) & (HdaRegisters.InterruptGlobal | HdaRegisters.InterruptController | StreamMask);
                break;
            case HdaRegisters.StreamSynchronization or HdaRegisters.StreamSynchronizationIch:
                AdvanceLocked();
                _synchronized = ((_synchronized & ~mask) | (value & mask)) & StreamMask;
                break;
            case HdaRegisters.PositionBaseLow:
                _positions = (_positions & 0xFFFF_FFFF_0000_0000) | ((((uint)_positions & ~mask) | (value & mask)) & (PositionMask | HdaRegisters.PositionEnable));
                break;
            case HdaRegisters.PositionBaseHigh:
                _positions = (uint)_positions | ((ulong)(((uint)(_positions >> 32) & ~mask) | (value & mask)) << 32);
                break;
            default:
                _rings.Write(register, value, mask);
                break;
        }
    }

    /// <summary>Bit 0 holds everything in reset; when it is set the codec says that it is there (section 4.3).</summary>
    private void WriteGlobalControlLocked(uint value)
    {
        bool wasInReset = IsInReset;
        _globalControl = value & (HdaRegisters.GlobalReset | HdaRegisters.GlobalUnsolicited);
        if (IsInReset)
        {
            if (!wasInReset)
                ResetControllerLocked();
            _globalControl = 0;
            return;
        }

        if (wasInReset)
        {
            _wallStart = _clock.Now;
            _codec.Reset();
            _state |= (ushort)CodecMask;
        }

        if ((value & HdaRegisters.GlobalFlush) != 0)
            _globalStatus |= HdaRegisters.GlobalFlushed;
    }

    /// <summary>What a reset of the link touches: everything but what wakes it.</summary>
    private void ResetControllerLocked()
    {
        _globalStatus = 0;
        _interruptControl = 0;
        _synchronized = 0;
        _positions = 0;
        _wallStart = 0;
        _rings.Reset();
        foreach (HdaStream stream in _streams)
            stream.Reset();
    }

    private HdaStream? StreamAt(int register, out int inside)
    {
        int index = (register - HdaRegisters.FirstStream) / HdaRegisters.StreamLength;
        inside = register & (HdaRegisters.StreamLength - 1);
        return register >= HdaRegisters.FirstStream && index < _streams.Length ? _streams[index] : null;
    }

    private uint WallClockLocked() => IsInReset ? 0 : (uint)((_clock.Now - _wallStart) * NanosecondsPerTickLower / NanosecondsPerTickUpper);

    /// <summary>Brings every stream to where it is now, and writes its position to memory where the guest wants that (section 3.3.33).</summary>
    private void AdvanceLocked()
    {
        if (_isPaused)
            return;
        long now = _clock.Now;
        foreach (HdaStream stream in _streams)
        {
            if (!stream.IsRunning)
                continue;
            if ((_synchronized >> stream.Index & 1) != 0)
                stream.Hold(now);
            else
                stream.Advance(now);
            WritePositionLocked(stream);
        }
    }

    private void WritePositionLocked(HdaStream stream)
    {
        if ((_positions & HdaRegisters.PositionEnable) == 0)
            return;
        Span<byte> raw = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(raw, stream.Position);
        ulong address = (_positions & ~(ulong)HdaRegisters.PositionEnable) + ((ulong)stream.Index * PositionEntryLength);
        if (!_ram.TryWrite(new GuestAddress(address), raw))
            Log("the position buffer is not in memory", address);
    }

    private void OnTimer()
    {
        lock (Sync)
        {
            AdvanceLocked();
            FollowLocked();
        }
    }

    private void FollowLocked()
    {
        ArmLocked();
        UpdateInterruptLocked();
    }

    private void ArmLocked()
    {
        long next = long.MaxValue;
        foreach (HdaStream stream in _streams)
        {
            if ((_synchronized >> stream.Index & 1) == 0)
                next = Math.Min(next, stream.NextLook());
        }

        if (next == long.MaxValue || _isPaused)
            _timer.Disarm();
        else
            _timer.Arm(next);
    }

    private uint InterruptStatusLocked()
    {
        uint status = 0;
        foreach (HdaStream stream in _streams)
            status |= stream.IsInterrupting ? 1U << stream.Index : 0;
        if (_rings.IsInterrupting || (_state & _wakeEnable) != 0)
            status |= HdaRegisters.InterruptController;
        return (status & _interruptControl) == 0 ? status : status | HdaRegisters.InterruptGlobal;
    }

    /// <summary>Each cause that comes anew sends a message; the wire follows their sum.</summary>
    private void UpdateInterruptLocked()
    {
        uint causes = (_interruptControl & HdaRegisters.InterruptGlobal) == 0 ? 0 : InterruptStatusLocked() & _interruptControl & ~HdaRegisters.InterruptGlobal;
        bool isNew = (causes & ~_signalled) != 0;
        _signalled = causes;
        if (isNew && _msi.IsEnabled)
            _msi.Send();
        SetInterruptLocked(causes != 0 && !_msi.IsEnabled);
    }

    private void Log(string message, ulong value) => _log.GuestError(Name, message, value);
}
