using Hearth.Testing;

namespace Hearth.Boot.Tests;

/// <summary>Reads what a picture of a text screen says, by the font that the VGA BIOS gives the card.</summary>
internal static class ScreenText
{
    private const int GlyphWidth = 8;
    private const int GlyphHeight = 16;
    private const int WideScreen = 720;

    // Where a cell is nine dots wide the last one is no part of the glyph.
    private const int WideCell = 9;

    private static readonly Lazy<Dictionary<UInt128, char>> s_glyphs = new(ReadFont);

    private static ReadOnlySpan<byte> Face => [0, 0, 0x7E, 0x81, 0xA5, 0x81, 0x81, 0xBD, 0x99, 0x81, 0x81, 0x7E, 0, 0, 0, 0];

    /// <param name="file">A PNG file of a screen in text mode.</param>
    /// <returns>The rows from the top, without spaces at their ends. What is no character of ASCII is a question mark.</returns>
    public static IReadOnlyList<string> Read(string file)
    {
        uint[] pixels = PngFile.Read(File.ReadAllBytes(file), out int width, out int height);
        int cell = width == WideScreen ? WideCell : GlyphWidth;
        var rows = new string[height / GlyphHeight];
        for (int row = 0; row < rows.Length; row++)
        {
            int top = row * GlyphHeight * width;
            rows[row] = string.Concat(Enumerable.Range(0, width / cell).Select(column => Character(pixels, width, top + (column * cell)))).TrimEnd();
        }

        return rows;
    }

    private static char Character(uint[] pixels, int width, int at)
    {
        // A letter covers less than half of its cell.
        var cell = new uint[GlyphWidth * GlyphHeight];
        for (int i = 0; i < cell.Length; i++)
            cell[i] = pixels[at + (i / GlyphWidth * width) + (i % GlyphWidth)];
        uint background = cell.CountBy(colour => colour).MaxBy(count => count.Value).Key;
        UInt128 glyph = 0;
        foreach (uint colour in cell)
            glyph = (glyph << 1) | (colour == background ? 0U : 1);
        return s_glyphs.Value.GetValueOrDefault(glyph, '?');
    }

    private static Dictionary<UInt128, char> ReadFont()
    {
        byte[] bios = File.ReadAllBytes(GuestAssets.VgaBios());

        // The second glyph of code page 437 is a face; before it is an empty one.
        int face = bios.AsSpan().IndexOf(Face);
        Assert.True(face >= GlyphHeight, "the VGA BIOS has no font of 8 by 16 dots");
        int font = face - GlyphHeight;
        var glyphs = new Dictionary<UInt128, char>();
        for (char character = ' '; character < 127; character++)
        {
            UInt128 glyph = 0;
            foreach (byte line in bios.AsSpan(font + (character * GlyphHeight), GlyphHeight))
                glyph = (glyph << GlyphWidth) | line;
            glyphs.TryAdd(glyph, character);
        }

        return glyphs;
    }
}
