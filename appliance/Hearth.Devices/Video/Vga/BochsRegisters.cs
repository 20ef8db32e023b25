using Hearth.Machine;

namespace Hearth.Devices.Video.Vga;

/// <summary>The registers of Bochs's VBE extension, 16 bits each (Bochs, "VBE DISPI interface", version 0xB0C5). Not synchronized: the device's lock is held.</summary>
/// <remarks>
/// The guest writes size and depth, then switches on: only that takes them over. Start, virtual width and bank work at any time.
/// Widths are multiples of 8, as Bochs has them.
/// </remarks>
internal sealed class BochsRegisters(int memoryLength)
{
    public const int Count = 11;

    public const int Id = 0;
    public const int Width = 1;
    public const int Height = 2;
    public const int Depth = 3;
    public const int Enable = 4;
    public const int Bank = 5;
    public const int VirtualWidth = 6;
    public const int VirtualHeight = 7;
    public const int Left = 8;
    public const int Top = 9;
    public const int Memory64K = 10;

    private const ushort OldestId = 0xB0C0;
    private const ushort NewestId = 0xB0C5;
    private const ushort EnableOn = 1 << 0;
    private const ushort EnableCapabilities = 1 << 1;
    private const ushort EnableWideDac = 1 << 5;
    private const ushort EnableKeepMemory = 1 << 7;
    private const ushort MaximumWidth = 4096;
    private const ushort MaximumHeight = 4096;
    private const ushort MaximumDepth = 32;
    private const int BankShift = 16;

    private readonly ushort[] _values = new ushort[Count];

    /// <summary>A mode of Bochs's is shown, and not one of the VGA's.</summary>
    public bool IsOn => (_values[Enable] & EnableOn) != 0;

    public bool HasWideDac => (_values[Enable] & EnableWideDac) != 0;

    /// <summary>What is shown; nothing while it is off.</summary>
    public DisplaySize Size { get; private set; }

    /// <summary>Bits a pixel, of what is shown: 4, 8, 15, 16, 24 or 32.</summary>
    public int BitsPerPixel { get; private set; }

    /// <summary>Bytes of memory that one row takes; of one plane, with 4 bits a pixel.</summary>
    public int Stride => BytesOf(_values[VirtualWidth]);

    /// <summary>Bytes before the first pixel that is shown; of one plane, with 4 bits a pixel.</summary>
    public int Start => (_values[Top] * Stride) + BytesOf(_values[Left]);

    public int BankOffset => IsOn ? _values[Bank] << BankShift : 0;

    /// <summary>Bytes of memory that one row can be at, all rows together.</summary>
    private int Room => BitsPerPixel == 4 ? memoryLength / 4 : memoryLength;

    public ushort Read(int index)
    {
        if (index is Memory64K)
            return (ushort)(memoryLength >> BankShift);
        if ((uint)index >= Count)
            return 0;
        if ((_values[Enable] & EnableCapabilities) == 0)
            return _values[index];
        return index switch
        {
            Width => MaximumWidth,
            Height => MaximumHeight,
            Depth => MaximumDepth,
            _ => _values[index],
        };
    }

    /// <returns>True when all memory is to be cleared.</returns>
    public bool Write(int index, ushort value)
    {
        switch (index)
        {
            case Id when value is >= OldestId and <= NewestId:
            case Width or Height or Depth:
                _values[index] = value;
                break;
            case Enable:
                return WriteEnable(value);
            case Bank:
                _values[Bank] = (ushort)(value % Math.Max(memoryLength >> BankShift, 1));
                break;
            case VirtualWidth or Left or Top when IsOn:
                _values[index] = value;
                Fit();
                break;
        }

        return false;
    }

    public void Reset()
    {
        Array.Clear(_values);
        _values[Id] = NewestId;
        Size = DisplaySize.Nothing;
        BitsPerPixel = 0;
    }

    public void Save(IStateWriter to)
    {
        foreach (ushort value in _values)
            to.WriteUInt16(value);
        to.WriteUInt16((ushort)Size.Width);
        to.WriteUInt16((ushort)Size.Height);
        to.WriteByte((byte)BitsPerPixel);
    }

    public void Restore(IStateReader from)
    {
        for (int i = 0; i < Count; i++)
            _values[i] = from.ReadUInt16();
        Size = new DisplaySize(from.ReadUInt16(), from.ReadUInt16());
        BitsPerPixel = from.ReadByte();
        bool isSane = IsOn ? IsPossible(Size, BitsPerPixel) : Size.IsNothing && BitsPerPixel == 0;
        if (!isSane || _values[Bank] > memoryLength >> BankShift)
            throw new SavedStateException("The saved state of the VGA is damaged: its mode is impossible.");
        if (IsOn)
            Fit();
    }

    private static int BytesOf(int pixels, int depth) => depth switch
    {
        4 => pixels / 8,
        8 => pixels,
        15 or 16 => pixels * 2,
        24 => pixels * 3,
        _ => pixels * 4,
    };

    private int BytesOf(int pixels) => BytesOf(pixels, BitsPerPixel);

    private bool IsPossible(DisplaySize size, int depth)
    {
        if (depth is not (4 or 8 or 15 or 16 or 24 or 32) || !size.IsPossible || size.Width > MaximumWidth || size.Height > MaximumHeight || size.Width % 8 != 0)
            return false;
        return (long)BytesOf(size.Width, depth) * size.Height <= (depth == 4 ? memoryLength / 4 : memoryLength);
    }

    private bool WriteEnable(ushort value)
    {
        bool wasOn = IsOn;
        var size = new DisplaySize(_values[Width] & ~7, _values[Height]);
        int depth = _values[Depth] == 0 ? 8 : _values[Depth];
        if ((value & EnableOn) != 0 && !wasOn && !IsPossible(size, depth))
            value = (ushort)(value & ~EnableOn);
        _values[Enable] = value;
        if (!IsOn)
        {
            Size = DisplaySize.Nothing;
            BitsPerPixel = 0;
            return false;
        }

        if (wasOn)
            return false;
        Size = size;
        BitsPerPixel = depth;
        _values[VirtualWidth] = (ushort)size.Width;
        (_values[Left], _values[Top], _values[Bank]) = (0, 0, 0);
        Fit();
        return (value & EnableKeepMemory) == 0;
    }

    /// <summary>Keeps what is shown inside memory.</summary>
    private void Fit()
    {
        int widest = Room / Size.Height;
        int width = Math.Clamp(_values[VirtualWidth] & ~7, Size.Width, ushort.MaxValue & ~7);
        if (BytesOf(width) > widest)
            width = Size.Width;
        _values[VirtualWidth] = (ushort)width;
        int height = Math.Min(Room / Stride, ushort.MaxValue);
        _values[VirtualHeight] = (ushort)height;
        _values[Left] = (ushort)Math.Min(_values[Left], width - Size.Width);
        _values[Top] = (ushort)Math.Min(_values[Top], height - Size.Height);
    }
}
