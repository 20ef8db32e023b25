namespace Hearth.Protocol;

/// <summary>A screen in shared memory: a header, a cursor and one frame. See docs/display.md. All numbers are little-endian.</summary>
/// <remarks>
/// <see cref="Generation"/> is odd while anything is written. Who reads takes it first, copies, and takes it again: when it was odd or has changed, the copy is not a picture.
/// </remarks>
public static class ScanoutLayout
{
    /// <summary>"HSCN".</summary>
    public const uint MagicValue = 0x4E43_5348;
    public const uint CurrentVersion = 1;

    /// <summary>XRGB8888: blue in the lowest byte of a pixel, the highest is nothing.</summary>
    public const uint FormatXrgb8888 = 1;

    /// <summary>Bytes of everything but pixels.</summary>
    public const int PixelOffset = 0x1_0000;

    /// <summary>Bytes of pixels at most.</summary>
    public const int MaximumPixelLength = 64 << 20;

    /// <summary>Bytes of the file. What is never written takes no memory.</summary>
    public const int Length = PixelOffset + MaximumPixelLength;

    public const int PixelLength = 4;

    // 32 bits.
    public const int Magic = 0;
    public const int Version = 4;

    /// <summary>64 bits.</summary>
    public const int Generation = 8;

    /// <summary>32 bits each; 0 by 0 for no picture.</summary>
    public const int Width = 16;
    public const int Height = 20;

    /// <summary>Bytes from row to row.</summary>
    public const int Stride = 24;
    public const int Format = 28;

    /// <summary>64 bits: how many rectangles were written to the ring, ever. A rectangle's place is its number modulo <see cref="DamageCapacity"/>.</summary>
    public const int DamageCount = 40;

    /// <summary>32 bits each: not 0 when it is visible; place of the hot spot, signed; the hot spot in the image; and a number that changes with the image.</summary>
    public const int CursorVisible = 64;
    public const int CursorX = 68;
    public const int CursorY = 72;
    public const int CursorHotX = 76;
    public const int CursorHotY = 80;
    public const int CursorSerial = 84;

    /// <summary>The ring of rectangles: left, top, width and height, 32 bits each.</summary>
    public const int Damage = 128;
    public const int DamageLength = 16;
    public const int DamageCapacity = 64;

    /// <summary>ARGB8888, 64 by 64 pixels; the colours are not multiplied by alpha.</summary>
    public const int CursorImage = 0x1000;
    public const int CursorImageLength = 64 * 64 * PixelLength;
}
