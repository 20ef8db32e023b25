using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Sound.Hda;

/// <summary>
/// How verbs reach the codec and responses come back: the command and response rings in memory (Intel High Definition Audio 1.0a, section 4.4) and the
/// immediate command registers (section 3.4.3). The controller's lock is held.
/// </summary>
internal sealed class HdaCommandRings
{
    private const int EntryCount = 256;
    private const int CommandLength = 4;
    private const int ResponseLength = 8;
    private const uint BaseMask = ~0x7FU;
    private const uint Unsolicited = 1 << 4;
    private const int AddressShift = 28;

    private readonly IGuestMemory _ram;
    private readonly HdaCodec _codec;
    private readonly Action<string, ulong> _log;

    private ulong _corbBase;
    private byte _corbWrite;
    private ushort _corbRead;
    private byte _corbControl;
    private byte _corbStatus;
    private ulong _rirbBase;
    private byte _rirbWrite;
    private byte _rirbThreshold;
    private byte _rirbControl;
    private byte _rirbStatus;
    private ushort _responses;
    private uint _command;
    private uint _response;
    private uint _immediate;

    /// <param name="log">Takes what the guest did wrong.</param>
    public HdaCommandRings(IGuestMemory ram, HdaCodec codec, Action<string, ulong> log)
    {
        _ram = ram;
        _codec = codec;
        _log = log;
    }

    /// <summary>An interrupt that is enabled here waits.</summary>
    public bool IsInterrupting =>
        ((_rirbStatus & HdaRegisters.RirbResponse) != 0 && (_rirbControl & HdaRegisters.RirbInterruptEnable) != 0)
        || ((_rirbStatus & HdaRegisters.RirbOverrun) != 0 && (_rirbControl & HdaRegisters.RirbOverrunEnable) != 0)
        || ((_corbStatus & HdaRegisters.CorbError) != 0 && (_corbControl & HdaRegisters.CorbErrorEnable) != 0);

    private bool IsWaitingForGuest => _responses >= Threshold && (_rirbControl & HdaRegisters.RirbInterruptEnable) != 0;

    private int Threshold => _rirbThreshold == 0 ? EntryCount : _rirbThreshold;

    public void Reset()
    {
        _corbBase = 0;
        _corbWrite = 0;
        _corbRead = 0;
        _corbControl = 0;
        _corbStatus = 0;
        _rirbBase = 0;
        _rirbWrite = 0;
        _rirbThreshold = 0;
        _rirbControl = 0;
        _rirbStatus = 0;
        _responses = 0;
        _command = 0;
        _response = 0;
        _immediate = 0;
    }

    public uint Read(int register) => register switch
    {
        HdaRegisters.CorbBaseLow => (uint)_corbBase,
        HdaRegisters.CorbBaseHigh => (uint)(_corbBase >> 32),
        HdaRegisters.CorbPointers => _corbWrite | ((uint)_corbRead << 16),
        HdaRegisters.CorbControl => _corbControl | ((uint)_corbStatus << 8) | (HdaRegisters.RingSize << 16),
        HdaRegisters.RirbBaseLow => (uint)_rirbBase,
        HdaRegisters.RirbBaseHigh => (uint)(_rirbBase >> 32),
        HdaRegisters.RirbPointers => _rirbWrite | ((uint)_rirbThreshold << 16),
        HdaRegisters.RirbControl => _rirbControl | ((uint)_rirbStatus << 8) | (HdaRegisters.RingSize << 16),
        HdaRegisters.ImmediateCommand => _command,
        HdaRegisters.ImmediateResponse => _response,
        HdaRegisters.ImmediateStatus => _immediate,
        _ => 0,
    };

    /// <param name="mask">The bits that are written.</param>
    public void Write(int register, uint value, uint mask)
    {
        switch (register)
        {
            case HdaRegisters.CorbBaseLow or HdaRegisters.CorbBaseHigh:
                _corbBase = WithHalf(_corbBase, register == HdaRegisters.CorbBaseHigh, value, mask);
                break;
            case HdaRegisters.CorbPointers:
                WriteCorbPointers(value, mask);
                break;
            case HdaRegisters.CorbControl:
                _corbControl = (byte)(Merge(_corbControl, value, mask) & (HdaRegisters.RingRun | HdaRegisters.CorbErrorEnable));
                _corbStatus &= (byte)~((value & mask) >> 8);
                break;
            case HdaRegisters.RirbBaseLow or HdaRegisters.RirbBaseHigh:
                _rirbBase = WithHalf(_rirbBase, register == HdaRegisters.RirbBaseHigh, value, mask);
                break;
            case HdaRegisters.RirbPointers:
                if ((value & mask & HdaRegisters.PointerReset) != 0)
                    _rirbWrite = 0;
                _rirbThreshold = (byte)(Merge((uint)_rirbThreshold << 16, value, mask) >> 16);
                break;
            case HdaRegisters.RirbControl:
                WriteRirbControl(value, mask);
                break;
            case HdaRegisters.ImmediateCommand:
                _command = Merge(_command, value, mask);
                break;
            case HdaRegisters.ImmediateStatus:
                WriteImmediate(value & mask);
                break;
        }

        Run();
    }

    /// <summary>Something happened at the codec that the guest asked to be told of (section 4.4.2.2).</summary>
    public void SendUnsolicited(uint response)
    {
        if ((_rirbControl & HdaRegisters.RingRun) != 0)
            Respond(response, Unsolicited);
    }

    public void Save(IStateWriter to)
    {
        to.WriteUInt64(_corbBase);
        to.WriteByte(_corbWrite);
        to.WriteUInt16(_corbRead);
        to.WriteByte(_corbControl);
        to.WriteByte(_corbStatus);
        to.WriteUInt64(_rirbBase);
        to.WriteByte(_rirbWrite);
        to.WriteByte(_rirbThreshold);
        to.WriteByte(_rirbControl);
        to.WriteByte(_rirbStatus);
        to.WriteUInt16(_responses);
        to.WriteUInt32(_command);
        to.WriteUInt32(_response);
        to.WriteUInt32(_immediate);
    }

    public void Restore(IStateReader from)
    {
        _corbBase = from.ReadUInt64();
        _corbWrite = from.ReadByte();
        _corbRead = (ushort)(from.ReadUInt16() & (HdaRegisters.PointerReset | 0xFF));
        _corbControl = from.ReadByte();
        _corbStatus = from.ReadByte();
        _rirbBase = from.ReadUInt64();
        _rirbWrite = from.ReadByte();
        _rirbThreshold = from.ReadByte();
        _rirbControl = from.ReadByte();
        _rirbStatus = from.ReadByte();
        _responses = from.ReadUInt16();
        _command = from.ReadUInt32();
        _response = from.ReadUInt32();
        _immediate = from.ReadUInt32();
    }

    private static uint Merge(uint old, uint value, uint mask) => (old & ~mask) | (value & mask);

    private static ulong WithHalf(ulong old, bool high, uint value, uint mask) => high
        ? (uint)old | ((ulong)Merge((uint)(old >> 32), value, mask) << 32)
        : (old & 0xFFFF_FFFF_0000_0000) | (Merge((uint)old, value, mask) & BaseMask);

    private void WriteCorbPointers(uint value, uint mask)
    {
        _corbWrite = (byte)Merge(_corbWrite, value, mask);
        if ((mask & 0xFFFF_0000) == 0)
            return;

        // Software sets the reset bit, sees it set, clears it again (section 3.3.21).
        _corbRead = ((value & mask) >> 16 & HdaRegisters.PointerReset) != 0 ? HdaRegisters.PointerReset : (ushort)(_corbRead & 0xFF);
    }

    private void WriteRirbControl(uint value, uint mask)
    {
        _rirbControl = (byte)(Merge(_rirbControl, value, mask)
            & (HdaRegisters.RingRun | HdaRegisters.RirbInterruptEnable | HdaRegisters.RirbOverrunEnable));
        byte cleared = (byte)((value & mask) >> 8);
        _rirbStatus &= (byte)~cleared;
        if ((cleared & HdaRegisters.RirbResponse) != 0)
            _responses = 0;
    }

    private void WriteImmediate(uint value)
    {
        if ((value & HdaRegisters.ImmediateValid) != 0)
            _immediate &= ~HdaRegisters.ImmediateValid;
        if ((value & HdaRegisters.ImmediateBusy) == 0)
            return;
        if (TryExecute(_command, out uint response))
        {
            _response = response;
            _immediate |= HdaRegisters.ImmediateValid;
        }
    }

    /// <summary>
    /// Sends the commands that wait. It stops when as many responses came as the guest wants an interrupt for, until that is acknowledged: no
    /// response is overwritten before it was read.
    /// </summary>
    private void Run()
    {
        Span<byte> raw = stackalloc byte[CommandLength];
        while ((_corbControl & _rirbControl & HdaRegisters.RingRun) != 0
            && (_corbRead & HdaRegisters.PointerReset) == 0 && (byte)_corbRead != _corbWrite && !IsWaitingForGuest)
        {
            byte next = (byte)(_corbRead + 1);
            _corbRead = next;
            if (!_ram.TryRead(new GuestAddress(_corbBase + (next * (ulong)CommandLength)), raw))
            {
                _log("the command ring is not in memory", _corbBase);
                _corbStatus |= HdaRegisters.CorbError;
                _corbControl &= unchecked((byte)~HdaRegisters.RingRun);
                return;
            }

            if (TryExecute(BinaryPrimitives.ReadUInt32LittleEndian(raw), out uint response))
                Respond(response, 0);
        }
    }

    /// <returns>False when there is no codec of that address: nobody answers.</returns>
    private bool TryExecute(uint command, out uint response)
    {
        bool isThere = command >> AddressShift == HdaCodec.Address;
        response = isThere ? _codec.Execute(command) : 0;
        if (!isThere)
            _log("a command is for a codec that is not there", command);
        return isThere;
    }

    private void Respond(uint response, uint flags)
    {
        Span<byte> raw = stackalloc byte[ResponseLength];
        BinaryPrimitives.WriteUInt32LittleEndian(raw, response);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[4..], HdaCodec.Address | flags);
        _rirbWrite++;
        if (!_ram.TryWrite(new GuestAddress(_rirbBase + (_rirbWrite * (ulong)ResponseLength)), raw))
            _log("the response ring is not in memory", _rirbBase);

        // An interrupt is due after so many responses, and when no more is to come (section 4.4.2.3).
        _responses = (ushort)Math.Min(_responses + 1, EntryCount);
        if (_responses >= Threshold || (byte)_corbRead == _corbWrite)
            _rirbStatus |= HdaRegisters.RirbResponse;
    }
}
