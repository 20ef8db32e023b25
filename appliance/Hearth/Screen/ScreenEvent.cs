using System.Globalization;

namespace Hearth.Screen;

/// <summary>Something that is done with the guest's screen while it runs, or at its end.</summary>
/// <param name="After">Seconds after the start; null for the end of the guest.</param>
/// <param name="Resize">The size that is wished; null for a screenshot.</param>
/// <param name="File">Where the picture goes; null for a wish.</param>
internal sealed record ScreenEvent(double? After, ScreenSize? Resize, string? File)
{
    private const string AfterMark = ",after=";

    /// <summary>As <c>FILE[,after=SECONDS]</c>.</summary>
    /// <exception cref="UsageException">It makes no sense.</exception>
    public static ScreenEvent ParseScreenshot(string text)
    {
        (string file, double? after) = Split("--screenshot", text);
        return file.Length == 0 ? throw new UsageException("--screenshot needs the name of a file") : new ScreenEvent(after, null, file);
    }

    /// <summary>As <c>WIDTHxHEIGHT,after=SECONDS</c>.</summary>
    /// <exception cref="UsageException">It makes no sense.</exception>
    public static ScreenEvent ParseResize(string text)
    {
        (string size, double? after) = Split("--resize", text);
        return after is null
            ? throw new UsageException($"--resize {text} does not say when: WIDTHxHEIGHT,after=SECONDS does")
            : new ScreenEvent(after, ScreenSize.Parse("--resize", size), null);
    }

    private static (string What, double? After) Split(string option, string text)
    {
        int mark = text.LastIndexOf(AfterMark, StringComparison.Ordinal);
        if (mark < 0)
            return (text, null);
        string seconds = text[(mark + AfterMark.Length)..];
        return double.TryParse(seconds, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double after) && after <= 1e6
            ? (text[..mark], after)
            : throw new UsageException($"{option} {text}: {seconds} is no number of seconds");
    }
}
