using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Sound.Hda;

/// <summary>
/// A stream descriptor and its DMA engine (Intel High Definition Audio 1.0a, sections 3.3.35 to 3.3.43 and 3.6): walks the buffers of a
/// list over and over, at the rate of the format. The controller's lock is held.
/// </summary>
/// <remarks>
/// Where the engine is follows from the time alone, at whatever moment somebody looks: a timer that is late, or a thread that comes in bursts,
/// does not bend the pitch. When the host was away for longer than <see cref="LongestStep"/>, the time beyond it has not passed for the
/// stream: the guest could not have brought new samples, and would be heard again.
/// </remarks>
internal sealed class HdaStream
{
    /// <summary>Frames that are moved at once.</summary>
    public const int SliceFrames = 256;

    /// <summary>Bytes of the largest frame: 16 channels of 32 bits.</summary>
    public const int LargestFrame = 64;

    /// <summary>Nanoseconds that are caught up with at most.</summary>
    public const long LongestStep = 20_000_000;

    /// <summary>Nanoseconds between two looks while nothing else is due: how fresh the host's ring is.</summary>
    private const long Period = 5_000_000;

    // A hostile list has an interrupt for every sample.
    private const long ShortestPeriod = 500_000;

    private const int EntryLength = 16;
    private const uint ListMask = ~0x7FU;
    private const uint InterruptOnCompletion = 1;

    // Time times rate times millionths, for one frame.
    private const long UnitsPerFrame = 1_000_000_000L * 1_000_000L;
    private const int Million = 1_000_000;
    private const int LargestDrift = 100_000;

    private readonly IGuestMemory _ram;
    private readonly IHdaStreamPort _port;
    private readonly Action<string, ulong> _log;
    private readonly byte[] _slice = new byte[SliceFrames * LargestFrame];

    private uint _control;
    private byte _status;
    private uint _position;
    private uint _cyclicLength;
    private byte _lastValid;
    private ushort _format;
    private ulong _list;

    // The buffer that is worked on; of length zero while it is not fetched yet.
    private byte _entry;
    private ulong _entryAddress;
    private uint _entryLength;
    private uint _entryDone;
    private bool _entryInterrupts;

    private long _since;
    private long _remainder;
    private bool _isHalted;

    /// <param name="index">Its number among all streams.</param>
    /// <param name="port">What the engine moves frames to or from.</param>
    /// <param name="log">Takes what the guest did wrong.</param>
    public HdaStream(int index, bool isOutput, IGuestMemory ram, IHdaStreamPort port, Action<string, ulong> log)
    {
        Index = index;
        IsOutput = isOutput;
        _ram = ram;
        _port = port;
        _log = log;
    }

    public int Index { get; }

    public bool IsOutput { get; }

    public HdaStreamFormat Format => new(_format);

    /// <summary>The number by which converters know the stream; zero for none.</summary>
    public int Tag => (int)(_control >> HdaRegisters.StreamTagShift) & 0xF;

    public bool IsRunning => (_control & HdaRegisters.StreamRun) != 0;

    /// <summary>Bytes from the start of the cyclic buffer: SDnLPIB.</summary>
    public uint Position => _position;

    /// <summary>An interrupt that is enabled here waits. Causes and their enables have the same places.</summary>
    public bool IsInterrupting => (_status & HdaRegisters.StreamStatusClearable & _control) != 0;

    private bool IsMoving => IsRunning && !_isHalted && _cyclicLength != 0;

    // What the ICH chipsets say of theirs; nothing is fetched ahead here.
    private uint FifoSize => IsOutput ? 0xBFU : 0x77U;

    public uint Read(int register) => register switch
    {
        HdaRegisters.StreamControl => _control | ((uint)(_status | (IsRunning ? HdaRegisters.StreamFifoReady : 0)) << 24),
        HdaRegisters.StreamPosition => _position,
        HdaRegisters.StreamCyclicLength => _cyclicLength,
        HdaRegisters.StreamLastValid => _lastValid,
        HdaRegisters.StreamFormat => FifoSize | ((uint)_format << 16),
        HdaRegisters.StreamListLow => (uint)_list,
        HdaRegisters.StreamListHigh => (uint)(_list >> 32),
        _ => 0,
    };

    /// <param name="mask">The bits that are written.</param>
    /// <param name="now">Nanoseconds of the machine's clock; the stream is where it is to be then.</param>
    public void Write(int register, uint value, uint mask, long now)
    {
        switch (register)
        {
            case HdaRegisters.StreamControl:
                _status &= (byte)~(((value & mask) >> 24) & HdaRegisters.StreamStatusClearable);
                WriteControl(Merge(_control, value, mask), now);
                break;
            case HdaRegisters.StreamCyclicLength:
                _cyclicLength = Merge(_cyclicLength, value, mask);
                _position = _position < _cyclicLength ? _position : 0;
                break;
            case HdaRegisters.StreamLastValid:
                _lastValid = (byte)Merge(_lastValid, value, mask);
                break;
            case HdaRegisters.StreamFormat when !IsRunning:
                _format = (ushort)(Merge((uint)_format << 16, value, mask) >> 16);
                break;
            case HdaRegisters.StreamListLow when !IsRunning:
                _list = (_list & 0xFFFF_FFFF_0000_0000) | (Merge((uint)_list, value, mask) & ListMask);
                break;
            case HdaRegisters.StreamListHigh when !IsRunning:
                _list = (uint)_list | ((ulong)Merge((uint)(_list >> 32), value, mask) << 32);
                break;
        }
    }

    public void Reset()
    {
        if (IsRunning)
            _port.Stop(this);
        _control = 0;
        _status = 0;
        _position = 0;
        _cyclicLength = 0;
        _lastValid = 0;
        _format = 0;
        _list = 0;
        Rewind();
        _since = 0;
        _remainder = 0;
        _isHalted = false;
    }

    /// <summary>The stream does not move until now, and does from now on: it was held by SSYNC, or the machine stood still.</summary>
    public void Hold(long now) => _since = now;

    /// <summary>Moves what the time since the last call is worth.</summary>
    public void Advance(long now)
    {
        if (!IsMoving)
            return;
        long elapsed = Math.Min(now - _since, LongestStep);
        _since = now;
        if (elapsed <= 0)
            return;
        UInt128 units = ((UInt128)(ulong)elapsed * (ulong)UnitsPerNanosecond()) + (ulong)_remainder;
        (UInt128 frames, UInt128 rest) = UInt128.DivRem(units, UnitsPerFrame);
        _remainder = (long)rest;
        Move((int)frames);
    }

    /// <summary>When to look again; <see cref="long.MaxValue"/> for never.</summary>
    public long NextLook()
    {
        if (!IsMoving)
            return long.MaxValue;
        uint bytes = _entryLength == 0 ? 1 : Math.Min(_entryLength - _entryDone, _cyclicLength - _position);
        ulong frames = (bytes + (ulong)Format.BytesPerFrame - 1) / (ulong)Format.BytesPerFrame;
        UInt128 wait = (((UInt128)frames * UnitsPerFrame) - (ulong)_remainder) / (ulong)UnitsPerNanosecond();
        long nanoseconds = wait >= Period ? Period : (long)wait + 1;
        return _since + Math.Max(nanoseconds, ShortestPeriod);
    }

    public void Save(IStateWriter to)
    {
        to.WriteUInt32(_control);
        to.WriteByte(_status);
        to.WriteUInt32(_position);
        to.WriteUInt32(_cyclicLength);
        to.WriteByte(_lastValid);
        to.WriteUInt16(_format);
        to.WriteUInt64(_list);
        to.WriteByte(_entry);
        to.WriteUInt64(_entryAddress);
        to.WriteUInt32(_entryLength);
        to.WriteUInt32(_entryDone);
        to.WriteBoolean(_entryInterrupts);
        to.WriteInt64(_since);
        to.WriteInt64(_remainder);
        to.WriteBoolean(_isHalted);
    }

    public void Restore(IStateReader from)
    {
        if (IsRunning)
            _port.Stop(this);
        _control = from.ReadUInt32() & (HdaRegisters.StreamControlWritable | HdaRegisters.StreamReset);
        _status = (byte)(from.ReadByte() & HdaRegisters.StreamStatusClearable);
        _position = from.ReadUInt32();
        _cyclicLength = from.ReadUInt32();
        _lastValid = from.ReadByte();
        _format = from.ReadUInt16();
        _list = from.ReadUInt64();
        _entry = from.ReadByte();
        _entryAddress = from.ReadUInt64();
        _entryLength = from.ReadUInt32();
        _entryDone = from.ReadUInt32();
        _entryInterrupts = from.ReadBoolean();
        _since = from.ReadInt64();
        _remainder = from.ReadInt64();
        _isHalted = from.ReadBoolean();
        if (_entryDone > _entryLength || (_cyclicLength != 0 && _position >= _cyclicLength) || _remainder is < 0 or >= UnitsPerFrame)
            throw new SavedStateException($"The saved state of HDA stream {Index} is damaged: it is where its buffers are not.");
        if (IsRunning)
            _port.Start(this);
    }

    private static uint Merge(uint old, uint value, uint mask) => (old & ~mask) | (value & mask);

    private long UnitsPerNanosecond() => (long)Format.Rate * (Million + Math.Clamp(_port.DriftOf(this), -LargestDrift, LargestDrift));

    private void WriteControl(uint value, long now)
    {
        if ((value & HdaRegisters.StreamReset) != 0)
        {
            Reset();
            _control = HdaRegisters.StreamReset;
            return;
        }

        bool wasRunning = IsRunning;
        _control = value & HdaRegisters.StreamControlWritable;
        if (wasRunning == IsRunning)
            return;
        if (wasRunning)
        {
            _port.Stop(this);
            return;
        }

        _since = now;
        _isHalted = false;
        _port.Start(this);
    }

    private void Rewind()
    {
        _entry = 0;
        _entryAddress = 0;
        _entryLength = 0;
        _entryDone = 0;
        _entryInterrupts = false;
    }

    private void Move(int frames)
    {
        int frameLength = Format.BytesPerFrame;
        for (int left = frames; left > 0 && !_isHalted; left -= SliceFrames)
        {
            int count = Math.Min(left, SliceFrames);
            Span<byte> slice = _slice.AsSpan(0, count * frameLength);
            if (!IsOutput)
                _port.Record(this, slice);
            MoveBytes(slice);
            if (IsOutput)
                _port.Play(this, slice);
        }
    }

    /// <summary>Moves bytes between a slice and the buffers, across their ends; what a broken list leaves open is silence.</summary>
    private void MoveBytes(Span<byte> slice)
    {
        for (int done = 0; done < slice.Length;)
        {
            if (_entryLength == 0 && !TryFetchEntry())
            {
                slice[done..].Clear();
                return;
            }

            int count = (int)Math.Min((uint)(slice.Length - done), Math.Min(_entryLength - _entryDone, _cyclicLength - _position));
            MovePart(slice.Slice(done, count));
            done += count;
            _entryDone += (uint)count;
            _position += (uint)count;
            if (_position == _cyclicLength)
                _position = 0;
            if (_entryDone == _entryLength)
                EndEntry();
        }
    }

    private void MovePart(Span<byte> part)
    {
        var address = new GuestAddress(_entryAddress + _entryDone);
        if (IsOutput ? _ram.TryRead(address, part) : _ram.TryWrite(address, part))
            return;
        if (IsOutput)
            part.Clear();
        _log("a buffer is not in memory", address.Value);
        _status |= HdaRegisters.StreamFifoError;
    }

    private void EndEntry()
    {
        if (_entryInterrupts)
            _status |= HdaRegisters.StreamCompleted;
        _entry = _entry >= _lastValid ? (byte)0 : (byte)(_entry + 1);
        _entryLength = 0;
        _entryDone = 0;
    }

    /// <summary>Reads the next descriptor; one of no length is passed over.</summary>
    /// <returns>False when there is none: the engine has stopped with an error.</returns>
    private bool TryFetchEntry()
    {
        Span<byte> raw = stackalloc byte[EntryLength];
        for (int i = 0; i <= byte.MaxValue; i++)
        {
            if (!_ram.TryRead(new GuestAddress(_list + (_entry * (ulong)EntryLength)), raw))
                break;
            _entryAddress = BinaryPrimitives.ReadUInt64LittleEndian(raw);
            _entryLength = BinaryPrimitives.ReadUInt32LittleEndian(raw[8..]);
            _entryInterrupts = (BinaryPrimitives.ReadUInt32LittleEndian(raw[12..]) & InterruptOnCompletion) != 0;
            _entryDone = 0;
            if (_entryLength != 0)
                return true;
            EndEntry();
        }

        _log("a buffer descriptor list has no buffers", _list);
        _status |= HdaRegisters.StreamDescriptorError;
        _isHalted = true;
        return false;
    }
}
