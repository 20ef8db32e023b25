using System.Buffers.Binary;
using Hearth.Machine;
using static Hearth.Devices.Video.Vga.VgaRegisters;

namespace Hearth.Devices.Video.Vga;

/// <summary>Makes the lines of the VGA's own modes as the CRT controller does: text, 2, 4, 16 and 256 colours. Not synchronized: the device's lock is held.</summary>
/// <remarks>
/// A counter of the CRT controller is an address of the planes (see <see cref="VgaPlanes"/>), whether it counts bytes, words or double words: it goes on by
/// one for each character of dots.
/// </remarks>
internal sealed class VgaLine
{
    public const int MaximumWidth = 256 * 9 * 2;

    private const int Planes = 4;
    private const int GlyphLength = 32;
    private const int FontPlane = 2;
    private const int AddressMask = 0xFFFF;

    // Where in plane 2 the eight fonts are.
    private static readonly int[] s_fonts = [0, 0x4000, 0x8000, 0xC000, 0x2000, 0x6000, 0xA000, 0xE000];

    private readonly VgaState _state;
    private readonly IDeviceMemory _memory;
    private readonly int _mask;

    // All planes of the cells or bytes of one line, one more for panning, and its dots before they are panned.
    private readonly byte[] _cells = new byte[257 * Planes];
    private readonly byte[] _dots = new byte[(257 * 9 * 2) * DisplaySize.PixelLength];
    private readonly uint[] _colours = new uint[16];

    public VgaLine(VgaState state, IDeviceMemory memory)
    {
        _state = state;
        _memory = memory;
        _mask = memory.Length - 1;
    }

    /// <summary>The size of the picture.</summary>
    public DisplaySize Size => new(_state.Columns * DotsAcross, _state.Lines);

    private int DotsAcross => (_state.IsGraphics ? 8 : _state.DotsPerCharacter) * (_state.IsHalfClock ? 2 : 1);

    /// <summary>Takes over the palette, before the lines of a frame.</summary>
    public void TakeColours()
    {
        for (int i = 0; i < _colours.Length; i++)
            _colours[i] = _state.Dac[_state.PaletteIndex(i)];
    }

    /// <summary>Draws one line.</summary>
    /// <param name="counter">The CRT controller's address counter at its left end.</param>
    /// <param name="row">The line's number in its row of characters.</param>
    /// <param name="isPanned">Pixel panning applies.</param>
    /// <param name="phase">What blinks is to be seen.</param>
    /// <param name="to">XRGB8888.</param>
    public void Draw(int counter, int row, bool isPanned, BlinkPhase phase, Span<byte> to)
    {
        Fetch(counter, row);
        int panning = isPanned ? _state.Attribute[AttributePanning] & 0xF : 0;
        if (!_state.IsGraphics)
        {
            DrawText(counter, row, phase);
            panning = _state.DotsPerCharacter == 9 ? (panning + 1) % 9 : panning & 7;
        }
        else if ((_state.Graphics[GraphicsMode] & Mode256) != 0)
        {
            Draw256();

            // Each pixel is two dots wide there, and panning counts dots.
            panning &= 6;
        }
        else
        {
            DrawGraphics();
            panning &= 7;
        }

        if (_state.IsHalfClock)
            panning *= 2;
        _dots.AsSpan(panning * DisplaySize.PixelLength, to.Length).CopyTo(to);
    }

    /// <summary>Copies the planes of a line out of memory, at most twice: the counter wraps around.</summary>
    private void Fetch(int counter, int row)
    {
        int columns = _state.Columns + 1;
        int at = Translate(counter, row);
        int offset = (at * Planes) & _mask;
        int length = columns * Planes;
        int end = Math.Min((AddressMask + 1) * Planes, _memory.Length);
        int first = Math.Min(length, end - offset);
        _memory.Read(offset, _cells.AsSpan(0, first));
        if (first < length)
            _memory.Read(0, _cells.AsSpan(first, Math.Min(length - first, _memory.Length)));
    }

    /// <summary>Lets lines of a row take the place of an address bit, as the CGA and the Hercules had it.</summary>
    private int Translate(int counter, int row)
    {
        int at = counter & AddressMask;
        if (!_state.IsGraphics)
            return at;
        int mode = _state.Crtc[CrtcMode];
        int bit = (mode & ModeByte) != 0 ? 13 : 12;
        if ((mode & 1) == 0)
            at = (at & ~(1 << bit)) | ((row & 1) << bit);
        if ((mode & 2) == 0)
            at = (at & ~(2 << bit)) | (((row >> 1) & 1) << (bit + 1));
        return at & AddressMask;
    }

    private void DrawText(int counter, int row, BlinkPhase phase)
    {
        int mode = _state.Attribute[AttributeMode];
        bool hasBlink = (mode & AttributeBlink) != 0;
        bool hasLineGraphics = (mode & AttributeLineGraphics) != 0;
        int underline = _state.Crtc[CrtcUnderline] & 0x1F;
        int cursor = IsCursorRow(row) && phase.ShowsCursor ? _state.CursorAddress : -1;
        (int fontA, int fontB) = Fonts();
        int dots = _state.DotsPerCharacter;
        int at = 0;
        for (int column = 0; column <= _state.Columns; column++)
        {
            byte character = _cells[column * Planes];
            byte attribute = _cells[(column * Planes) + 1];
            int font = (attribute & 8) != 0 ? fontA : fontB;
            uint back = _colours[hasBlink ? (attribute >> 4) & 7 : attribute >> 4];
            uint front = _colours[attribute & 0xF];
            if (hasBlink && (attribute & 0x80) != 0 && !phase.ShowsBlinking)
                front = back;
            int glyph = _memory.ReadByte(((font + (character * GlyphLength) + row) * Planes & _mask) | FontPlane) << 1;

            // The ninth dot is background, but for the characters that draw lines.
            if (hasLineGraphics && character is >= 0xC0 and <= 0xDF)
                glyph |= (glyph >> 1) & 1;
            bool isUnderlined = (attribute & 0x77) == 1 && row == underline;
            if (isUnderlined || ((counter + column) & AddressMask) == cursor)
                glyph = 0x1FF;
            for (int dot = 0; dot < dots; dot++)
                at = PutDot(at, (glyph & (0x100 >> dot)) != 0 ? front : back);
        }
    }

    private bool IsCursorRow(int row)
    {
        int start = _state.Crtc[CrtcCursorStart];
        return (start & CursorOff) == 0 && row >= (start & 0x1F) && row <= (_state.Crtc[CrtcCursorEnd] & 0x1F);
    }

    /// <summary>The fonts of characters with bit 3 of their attributes, and of those without.</summary>
    private (int A, int B) Fonts()
    {
        int select = _state.Sequencer[SequencerFonts];
        int fontB = s_fonts[(select & 3) | ((select & 0x10) >> 2)];
        int fontA = s_fonts[((select >> 2) & 3) | ((select & 0x20) >> 3)];
        return ((_state.Sequencer[SequencerMemory] & MemoryExtended) != 0 ? fontA : fontB, fontB);
    }

    private void DrawGraphics()
    {
        bool isInterleaved = (_state.Graphics[GraphicsMode] & ModeInterleave) != 0;
        int at = 0;
        for (int column = 0; column <= _state.Columns; column++)
        {
            ReadOnlySpan<byte> planes = _cells.AsSpan(column * Planes, Planes);
            for (int bit = 7; bit >= 0; bit--)
            {
                int colour = isInterleaved ? Interleaved(planes, bit) : Planar(planes, bit);
                at = PutDot(at, _colours[colour]);
            }
        }
    }

    private static int Planar(ReadOnlySpan<byte> planes, int bit) =>
        ((planes[0] >> bit) & 1) | (((planes[1] >> bit) & 1) << 1) | (((planes[2] >> bit) & 1) << 2) | (((planes[3] >> bit) & 1) << 3);

    /// <summary>Two bits a pixel, four pixels of plane 0 before four of plane 1; planes 2 and 3 add two bits more.</summary>
    private static int Interleaved(ReadOnlySpan<byte> planes, int bit)
    {
        int plane = bit >= 4 ? 0 : 1;
        int shift = (bit & 3) * 2;
        return ((planes[plane] >> shift) & 3) | (((planes[plane + 2] >> shift) & 3) << 2);
    }

    private void Draw256()
    {
        int at = 0;
        foreach (byte pixel in _cells.AsSpan(0, (_state.Columns + 1) * Planes))
        {
            uint colour = _state.Dac[pixel];
            at = PutDot(PutDot(at, colour), colour);
        }
    }

    /// <returns>Where the next dot is.</returns>
    private int PutDot(int at, uint colour)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_dots.AsSpan(at), colour);
        if (!_state.IsHalfClock)
            return at + DisplaySize.PixelLength;
        BinaryPrimitives.WriteUInt32LittleEndian(_dots.AsSpan(at + DisplaySize.PixelLength), colour);
        return at + (2 * DisplaySize.PixelLength);
    }
}
