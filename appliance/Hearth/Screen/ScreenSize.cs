using System.Globalization;

namespace Hearth.Screen;

/// <summary>Pixels across and down, as a person writes them: <c>1024x768</c>.</summary>
internal readonly record struct ScreenSize(int Width, int Height)
{
    private const int Smallest = 64;
    private const int Largest = 8192;
    private const int MostPixels = 4096 * 4096;

    public static ScreenSize Default => new(1024, 768);

    /// <exception cref="UsageException">It is no size, or none that a screen can have.</exception>
    public static ScreenSize Parse(string option, string text)
    {
        string[] parts = text.Split('x');
        if (parts.Length == 2 && TryParse(parts[0], out int width) && TryParse(parts[1], out int height) && width * height <= MostPixels)
            return new ScreenSize(width, height);
        throw new UsageException($"{option} {text} is no size like 1024x768, from {Smallest}x{Smallest} to 4096x4096 pixels");
    }

    public override string ToString() => $"{Width}x{Height}";

    private static bool TryParse(string text, out int length) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out length) && length is >= Smallest and <= Largest;
}
