using System.Numerics;
using Hearth.Machine;

namespace Hearth.Devices.Platform.Pic;

/// <summary>One 8259A interrupt controller, by Intel's data sheet 231468. <see cref="PicDevice"/>'s lock guards it.</summary>
internal sealed class Pic8259(byte levelCapable, bool isMaster)
{
    private const byte Icw1 = 0x10;
    private const byte Ocw3 = 0x08;
    private const int InputCount = 8;
    private const int CascadeInput = 2;
    private const int SpuriousInput = 7;

    // ICW1–ICW4 arrive in order after ICW1; this says which one the data port takes next.
    private InitializationStep _step;
    private bool _needsIcw4;
    private bool _isSingle;
    private byte _vectorBase;
    private bool _autoEoi;
    private bool _rotateOnAutoEoi;
    private bool _specialFullyNested;
    private bool _specialMask;
    private bool _poll;
    private bool _readIsr;

    // The input with the lowest priority is the one before this.
    private byte _highestInput;
    private byte _pins;
    private byte _requests;
    private byte _inService;
    private byte _mask;
    private byte _levelTriggered;

    // Edges that wait until the request of their input is acknowledged.
    private readonly int[] _owed = new int[InputCount];

    private enum InitializationStep : byte
    {
        Ready,
        Icw2,
        Icw3,
        Icw4,
    }

    /// <summary>The INT output.</summary>
    public bool Output => Pending() >= 0;

    /// <summary>The edge/level control register of the chipset: a set bit makes the input level-triggered.</summary>
    public byte LevelTriggered
    {
        get => _levelTriggered;
        set
        {
            _levelTriggered = (byte)(value & levelCapable);
            Array.Clear(_owed);
            _requests = (byte)((_requests & ~_levelTriggered) | (_pins & _levelTriggered));
        }
    }

    public void Reset()
    {
        Initialize();
        _step = InitializationStep.Ready;
        _needsIcw4 = false;
        _isSingle = false;
        _vectorBase = 0;
        _levelTriggered = 0;
        _requests = 0;
    }

    public void SetPin(int input, bool asserted)
    {
        byte bit = (byte)(1 << input);
        bool rises = asserted && (_pins & bit) == 0;
        _pins = (byte)(asserted ? _pins | bit : _pins & ~bit);
        if ((_levelTriggered & bit) != 0)
            _requests = (byte)((_requests & ~bit) | (_pins & bit));
        else if (rises)
            _requests |= bit;
    }

    /// <summary>Edges of an <see cref="IEdgeLine"/>. A masked input remembers one, as it does of any edges.</summary>
    public void Pulse(int input, int edges, int limit)
    {
        byte bit = (byte)(1 << input);
        if ((_levelTriggered & bit) != 0)
            return; // A level that is gone at once.
        bool isNew = (_requests & bit) == 0;
        _requests |= bit;
        int more = isNew ? edges - 1 : edges;
        _owed[input] = (_mask & bit) != 0 ? Math.Max(_owed[input] - edges, 0) : Math.Min(_owed[input] + more, limit);
    }

    public void Cancel(int input) => _owed[input] = 0;

    /// <summary>The INTA cycle: the highest request goes into service.</summary>
    /// <returns>The input; 7 when no request is left (a spurious interrupt).</returns>
    public int Acknowledge()
    {
        int input = Pending();
        if (input < 0)
            return SpuriousInput;
        byte bit = (byte)(1 << input);
        if (!_autoEoi)
            _inService |= bit;
        else if (_rotateOnAutoEoi)
            _highestInput = (byte)((input + 1) & 7);
        if (_owed[input] > 0)
            _owed[input]--; // The next edge requests at once.
        else if ((_levelTriggered & bit) == 0)
            _requests &= (byte)~bit;
        return input;
    }

    public int VectorOf(int input) => _vectorBase | input;

    public byte Read(bool dataPort)
    {
        if (_poll)
        {
            // A poll is an INTA cycle: bit 7 says whether there was a request.
            _poll = false;
            int pending = Pending();
            return pending < 0 ? (byte)0 : (byte)(0x80 | Acknowledge());
        }

        if (dataPort)
            return _mask;
        return _readIsr ? _inService : _requests;
    }

    public void WriteCommand(byte value)
    {
        if ((value & Icw1) != 0)
        {
            Initialize();
            _needsIcw4 = (value & 1) != 0;
            _isSingle = (value & 2) != 0;
            _step = InitializationStep.Icw2;
        }
        else if ((value & Ocw3) != 0)
        {
            WriteOcw3(value);
        }
        else
        {
            WriteOcw2(value >> 5, value & 7);
        }
    }

    public void WriteData(byte value)
    {
        switch (_step)
        {
            case InitializationStep.Icw2:
                _vectorBase = (byte)(value & 0xF8);
                _step = _isSingle ? AfterIcw3() : InitializationStep.Icw3;
                break;
            case InitializationStep.Icw3:
                // The cascade is wired to input 2; what the guest says about it changes nothing.
                _step = AfterIcw3();
                break;
            case InitializationStep.Icw4:
                _autoEoi = (value & 2) != 0;
                _specialFullyNested = (value & 0x10) != 0;
                _step = InitializationStep.Ready;
                break;
            default:
                _mask = value;
                break;
        }
    }

    public void Save(IStateWriter to)
    {
        to.WriteByte((byte)_step);
        to.WriteBoolean(_needsIcw4);
        to.WriteBoolean(_isSingle);
        to.WriteByte(_vectorBase);
        to.WriteBoolean(_autoEoi);
        to.WriteBoolean(_rotateOnAutoEoi);
        to.WriteBoolean(_specialFullyNested);
        to.WriteBoolean(_specialMask);
        to.WriteBoolean(_poll);
        to.WriteBoolean(_readIsr);
        to.WriteByte(_highestInput);
        to.WriteByte(_pins);
        to.WriteByte(_requests);
        to.WriteByte(_inService);
        to.WriteByte(_mask);
        to.WriteByte(_levelTriggered);
        foreach (int owed in _owed)
            to.WriteUInt16((ushort)owed);
    }

    public void Restore(IStateReader from)
    {
        _step = (InitializationStep)(from.ReadByte() & 3);
        _needsIcw4 = from.ReadBoolean();
        _isSingle = from.ReadBoolean();
        _vectorBase = (byte)(from.ReadByte() & 0xF8);
        _autoEoi = from.ReadBoolean();
        _rotateOnAutoEoi = from.ReadBoolean();
        _specialFullyNested = from.ReadBoolean();
        _specialMask = from.ReadBoolean();
        _poll = from.ReadBoolean();
        _readIsr = from.ReadBoolean();
        _highestInput = (byte)(from.ReadByte() & 7);
        _pins = from.ReadByte();
        _requests = from.ReadByte();
        _inService = from.ReadByte();
        _mask = from.ReadByte();
        _levelTriggered = (byte)(from.ReadByte() & levelCapable);
        foreach (ref int owed in _owed.AsSpan())
            owed = from.ReadUInt16();
    }

    private InitializationStep AfterIcw3() => _needsIcw4 ? InitializationStep.Icw4 : InitializationStep.Ready;

    /// <summary>What ICW1 clears. The pins keep their levels: an edge input needs a new rising edge to request.</summary>
    private void Initialize()
    {
        _requests = (byte)(_pins & _levelTriggered);
        Array.Clear(_owed);
        _inService = 0;
        _mask = 0;
        _highestInput = 0;
        _autoEoi = false;
        _rotateOnAutoEoi = false;
        _specialFullyNested = false;
        _specialMask = false;
        _poll = false;
        _readIsr = false;
    }

    private void WriteOcw3(byte value)
    {
        _poll = (value & 4) != 0;
        if ((value & 2) != 0)
            _readIsr = (value & 1) != 0;
        if ((value & 0x40) != 0)
            _specialMask = (value & 0x20) != 0;
    }

    private void WriteOcw2(int command, int input)
    {
        switch (command)
        {
            case 0 or 4: // Rotate in automatic EOI mode: clear, set.
                _rotateOnAutoEoi = command == 4;
                break;
            case 1 or 5: // Non-specific EOI, without and with rotation.
                int rank = Rank(_inService);
                if (rank < 8)
                    EndOfInterrupt((rank + _highestInput) & 7, command == 5);
                break;
            case 3 or 7: // Specific EOI, without and with rotation.
                EndOfInterrupt(input, command == 7);
                break;
            case 6: // Set priority.
                _highestInput = (byte)((input + 1) & 7);
                break;
        }
    }

    private void EndOfInterrupt(int input, bool rotate)
    {
        _inService &= (byte)~(1 << input);
        if (rotate)
            _highestInput = (byte)((input + 1) & 7);
    }

    /// <returns>The input that INT stands for, or -1.</returns>
    private int Pending()
    {
        int rank = Rank((byte)(_requests & ~_mask));
        if (rank == 8)
            return -1;
        int blocking = _inService;
        if (_specialMask)
            blocking &= ~_mask;
        if (_specialFullyNested && isMaster)
            blocking &= ~(1 << CascadeInput);
        return rank < Rank((byte)blocking) ? (rank + _highestInput) & 7 : -1;
    }

    /// <returns>The priority of the highest set input, 0 the highest; 8 when none is set.</returns>
    private int Rank(byte inputs)
    {
        int rotated = ((inputs | (inputs << 8)) >> _highestInput) & 0xFF;
        return rotated == 0 ? 8 : BitOperations.TrailingZeroCount(rotated);
    }
}
