using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>A screen in an array. Allocates nothing after the first frame of a size.</summary>
public sealed class FakeScanout : IScanout
{
    private readonly List<DisplayArea> _damage = new(4096);
    private byte[] _pixels = [];

    public DisplaySize Wish { get; set; }

    /// <summary>What is shown; nothing when it is off.</summary>
    public DisplaySize Size { get; private set; }

    /// <summary>How many frames were shown.</summary>
    public int Frames { get; private set; }

    /// <summary>A frame was begun and is not shown yet.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Of the last frame.</summary>
    public IReadOnlyList<DisplayArea> Damaged => _damage;

    public CursorState Cursor { get; private set; }

    public byte[] CursorImage { get; } = new byte[CursorState.ImageLength];

    public ReadOnlySpan<byte> Pixels => _pixels.AsSpan(0, Size.Width * Size.Height * DisplaySize.PixelLength);

    /// <summary>A pixel without what is in its highest byte.</summary>
    public uint this[int x, int y] =>
        BinaryPrimitives.ReadUInt32LittleEndian(_pixels.AsSpan(((y * Size.Width) + x) * DisplaySize.PixelLength)) & 0xFF_FFFF;

    public bool TryBegin(DisplaySize size, out bool isNew)
    {
        isNew = size != Size;
        if (!size.IsPossible)
            return false;
        int length = size.Width * size.Height * DisplaySize.PixelLength;
        if (_pixels.Length < length)
            _pixels = new byte[length];
        if (isNew)
            _pixels.AsSpan().Fill(0xEE);
        Size = size;
        IsOpen = true;
        _damage.Clear();
        return true;
    }

    public Span<byte> Row(int y)
    {
        if (!IsOpen)
            throw new InvalidOperationException("no frame was begun");
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)y, (uint)Size.Height);
        return _pixels.AsSpan(y * Size.Width * DisplaySize.PixelLength, Size.Width * DisplaySize.PixelLength);
    }

    public void Damage(DisplayArea area)
    {
        if (!DisplayArea.Of(Size).Contains(area) || area.IsEmpty)
            throw new InvalidOperationException($"{area} is not inside {Size}");
        _damage.Add(area);
    }

    public void End()
    {
        Frames++;
        IsOpen = false;
    }

    public void TurnOff() => Size = DisplaySize.Nothing;

    public void SetCursorImage(ReadOnlySpan<byte> image) => image.CopyTo(CursorImage);

    public void SetCursor(CursorState cursor) => Cursor = cursor;
}
