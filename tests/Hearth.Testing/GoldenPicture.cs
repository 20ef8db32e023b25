using System.Runtime.CompilerServices;
using Xunit;

namespace Hearth.Testing;

/// <summary>Compares what a screen shows with a picture that somebody has looked at, in the folder <c>Golden</c> beside the test.</summary>
/// <remarks>With $HEARTH_GOLDEN=write the pictures are written in place of being compared: look at each that changed.</remarks>
public static class GoldenPicture
{
    /// <param name="test">Left to the compiler.</param>
    public static void AssertShown(FakeScanout screen, string name, [CallerFilePath] string test = "")
    {
        ArgumentNullException.ThrowIfNull(screen);
        string path = Path.Combine(Path.GetDirectoryName(test)!, "Golden", name + ".png");
        var shown = new uint[screen.Size.Width * screen.Size.Height];
        for (int at = 0; at < shown.Length; at++)
            shown[at] = screen[at % screen.Size.Width, at / screen.Size.Width];
        if (Environment.GetEnvironmentVariable("HEARTH_GOLDEN") == "write")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, PngFile.Write(screen.Size.Width, screen.Size.Height, shown));
        }

        uint[] expected = PngFile.Read(File.ReadAllBytes(path), out int width, out int height);
        Assert.Equal((width, height), (screen.Size.Width, screen.Size.Height));
        for (int at = 0; at < shown.Length; at++)
            Assert.True(expected[at] == shown[at], $"{name}: the pixel {at % width}, {at / width} is 0x{shown[at]:x6} and not 0x{expected[at]:x6}");
    }
}
