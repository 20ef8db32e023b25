namespace Hearth.Machine;

/// <summary>Pixels across and down. 0 by 0 is no picture.</summary>
public readonly record struct DisplaySize(int Width, int Height)
{
    /// <summary>Pixels across or down at most.</summary>
    public const int MaximumLength = 8192;

    /// <summary>Pixels of a picture at most: 64 MiB of them.</summary>
    public const int MaximumPixels = 4096 * 4096;

    /// <summary>Bytes of a pixel wherever the host has it: XRGB8888, blue in the lowest byte.</summary>
    public const int PixelLength = 4;

    public static DisplaySize Nothing => default;

    public bool IsNothing => Width == 0 && Height == 0;

    /// <summary>True for what a display can show.</summary>
    public bool IsPossible => Width is > 0 and <= MaximumLength && Height is > 0 and <= MaximumLength && Width * Height <= MaximumPixels;

    public override string ToString() => $"{Width}x{Height}";
}
