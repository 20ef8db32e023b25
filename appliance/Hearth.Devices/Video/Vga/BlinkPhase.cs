namespace Hearth.Devices.Video.Vga;

/// <summary>What of a text screen that blinks is to be seen at a moment.</summary>
internal readonly record struct BlinkPhase(bool ShowsCursor, bool ShowsBlinking)
{
    // 16 frames of 70 Hz for the cursor, 32 for characters (IBM VGA, attribute mode control register).
    private const long CursorTime = 228_571_428;

    /// <param name="now">Nanoseconds.</param>
    public static BlinkPhase At(long now)
    {
        long times = now / CursorTime;
        return new BlinkPhase((times & 1) == 0, (times & 2) == 0);
    }
}
