namespace Hearth.Machine;

/// <summary>A cursor's place.</summary>
/// <param name="X">Where its hot spot is, in pixels from the left; it may lie outside the picture.</param>
/// <param name="Y">The same from the top.</param>
/// <param name="HotX">The hot spot in the image.</param>
/// <param name="HotY">The hot spot in the image.</param>
public readonly record struct CursorState(bool IsVisible, int X, int Y, int HotX, int HotY)
{
    /// <summary>Pixels across and down of a cursor's image.</summary>
    public const int Length = 64;

    /// <summary>Bytes of an image.</summary>
    public const int ImageLength = Length * Length * DisplaySize.PixelLength;
}
