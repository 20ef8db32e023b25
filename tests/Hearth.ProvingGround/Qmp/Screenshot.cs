using System.Globalization;
using System.Text;

namespace Hearth.Proving.Qmp;

/// <summary>What was on a screen.</summary>
public sealed class Screenshot
{
    private const int BytesPerPixel = 3;

    private readonly byte[] _pixels;

    /// <param name="pixels">Red, green and blue of each pixel, rows from top to bottom.</param>
    public Screenshot(int width, int height, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentOutOfRangeException.ThrowIfNotEqual(pixels.Length, width * height * BytesPerPixel);
        Width = width;
        Height = height;
        _pixels = pixels;
    }

    public int Width { get; }

    public int Height { get; }

    public (byte Red, byte Green, byte Blue) this[int x, int y]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)x, (uint)Width);
            ReadOnlySpan<byte> pixel = _pixels.AsSpan(((y * Width) + x) * BytesPerPixel, BytesPerPixel);
            return (pixel[0], pixel[1], pixel[2]);
        }
    }

    /// <summary>The picture as a PNG file.</summary>
    public byte[] ToPng() => PngWriter.Write(Width, Height, _pixels);

    /// <summary>Reads the format of QEMU's screendump, which every version of it can write: PPM with 8 bits a channel ("P6").</summary>
    /// <exception cref="InvalidDataException">It is another format, or cut off.</exception>
    internal static Screenshot ReadPortablePixmap(byte[] file)
    {
        // P6, width, height, the largest value of a channel; one white character ends the last.
        var words = new string[4];
        int at = 0;
        for (int i = 0; i < words.Length; i++)
        {
            int end = file.AsSpan(at).IndexOfAny((byte)' ', (byte)'\n');
            if (end < 0)
                throw new InvalidDataException("the picture of the screen has no whole header");
            words[i] = Encoding.ASCII.GetString(file, at, end);
            at += end + 1;
        }

        if (words is not ["P6", _, _, "255"])
            throw new InvalidDataException($"the picture of the screen has the unknown header {string.Join(' ', words)}");
        int width = int.Parse(words[1], CultureInfo.InvariantCulture);
        int height = int.Parse(words[2], CultureInfo.InvariantCulture);
        if (file.Length - at != width * height * BytesPerPixel)
            throw new InvalidDataException($"a picture of {width} by {height} pixels has {file.Length - at} bytes");
        return new Screenshot(width, height, file[at..]);
    }
}
