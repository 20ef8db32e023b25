using Hearth.Machine;

namespace Hearth.Devices.Video.Vga;

/// <summary>The palette: 256 colours, three values each, which the guest writes and reads one after the other. Not synchronized.</summary>
internal sealed class VgaDac
{
    private const int Colours = 256;
    private const byte ReadState = 3;

    private readonly byte[] _values = new byte[Colours * 3];
    private readonly uint[] _colours = new uint[Colours];
    private bool _isWide;
    private bool _isReading;
    private byte _readIndex;
    private byte _writeIndex;
    private byte _part;

    /// <summary>What indices are masked with.</summary>
    public byte Mask { get; set; }

    /// <summary>0 after an index for writing, 3 after one for reading.</summary>
    public byte State => _isReading ? ReadState : (byte)0;

    /// <summary>Values have 8 bits and not 6.</summary>
    public bool IsWide
    {
        get => _isWide;
        set
        {
            _isWide = value;
            for (int i = 0; i < Colours; i++)
                Follow(i);
        }
    }

    public byte WriteIndex
    {
        get => _writeIndex;
        set => (_writeIndex, _part, _isReading) = (value, 0, false);
    }

    /// <summary>XRGB8888 of a colour, masked.</summary>
    public uint this[int index] => _colours[index & Mask];

    public void SetReadIndex(byte value) => (_readIndex, _part, _isReading) = (value, 0, true);

    public byte ReadData()
    {
        byte value = _values[(_readIndex * 3) + _part];
        Advance(ref _readIndex);
        return value;
    }

    public void WriteData(byte value)
    {
        _values[(_writeIndex * 3) + _part] = _isWide ? value : (byte)(value & 0x3F);
        Follow(_writeIndex);
        Advance(ref _writeIndex);
    }

    public void Reset()
    {
        _values.AsSpan().Clear();
        Mask = 0xFF;
        _isReading = false;
        (_readIndex, _writeIndex, _part) = (0, 0, 0);
        IsWide = false;
    }

    public void Save(IStateWriter to)
    {
        to.WriteBytes(_values);
        to.WriteByte(Mask);
        to.WriteBoolean(_isReading);
        to.WriteByte(_readIndex);
        to.WriteByte(_writeIndex);
        to.WriteByte(_part);
        to.WriteBoolean(_isWide);
    }

    public void Restore(IStateReader from)
    {
        from.ReadBytes(_values);
        Mask = from.ReadByte();
        _isReading = from.ReadBoolean();
        _readIndex = from.ReadByte();
        _writeIndex = from.ReadByte();
        _part = (byte)(from.ReadByte() % 3);
        IsWide = from.ReadBoolean();
    }

    private void Advance(ref byte index)
    {
        if (++_part < 3)
            return;
        _part = 0;
        index++;
    }

    private void Follow(int index)
    {
        ReadOnlySpan<byte> value = _values.AsSpan(index * 3, 3);
        _colours[index] = (Widen(value[0]) << 16) | (Widen(value[1]) << 8) | Widen(value[2]);
    }

    private uint Widen(byte value) => _isWide ? value : (uint)((value & 0x3F) << 2) | (uint)((value & 0x3F) >> 4);
}
