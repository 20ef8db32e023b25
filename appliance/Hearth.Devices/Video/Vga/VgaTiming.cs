using static Hearth.Devices.Video.Vga.VgaRegisters;

namespace Hearth.Devices.Video.Vga;

/// <summary>Where the beam is, by the machine's clock and the CRT controller's registers.</summary>
internal static class VgaTiming
{
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const long SlowClock = 25_175_000;
    private const long FastClock = 28_322_000;

    // A VGA that nobody has set up, or that shows a mode with a clock of its own.
    private const long OtherFrame = NanosecondsPerSecond / 60;
    private const int OtherLines = 500;
    private const int OtherDisplayed = 480;
    private const int FewestLines = 100;

    /// <summary>Input status 1.</summary>
    /// <param name="now">Nanoseconds.</param>
    /// <param name="hasOwnClock">The picture is not made by the CRT controller.</param>
    public static byte Status(VgaState state, long now, bool hasOwnClock)
    {
        int total = state.VerticalTotal;
        int displayed = state.Lines;
        int retrace = state.RetraceStart;
        long lineTime = LineTime(state);
        if (hasOwnClock || total < FewestLines || displayed >= total)
            (total, displayed, retrace, lineTime) = (OtherLines, OtherDisplayed, OtherDisplayed, OtherFrame / OtherLines);
        long inFrame = now % (lineTime * total);
        int line = (int)(inFrame / lineTime);
        long inLine = inFrame % lineTime;
        int retraceLines = Math.Max(((state.Crtc[CrtcRetraceEnd] & 0xF) - retrace) & 0xF, 1);
        bool isRetracing = line >= retrace && line < retrace + retraceLines;

        // The last fifth of a line, about, is the way back.
        bool isDisplaying = line < displayed && inLine < lineTime * 4 / 5;
        return (byte)((isDisplaying ? 0 : StatusNotDisplaying) | (isRetracing ? StatusRetrace : 0));
    }

    private static long LineTime(VgaState state)
    {
        long clock = (state.Miscellaneous & MiscellaneousFastClock) != 0 ? FastClock : SlowClock;
        long dots = (state.Crtc[CrtcHorizontalTotal] + 5L) * state.DotsPerCharacter;
        return Math.Max(dots * NanosecondsPerSecond / (state.IsHalfClock ? clock / 2 : clock), 1);
    }
}
