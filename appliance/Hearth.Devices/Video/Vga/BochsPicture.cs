using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Video.Vga;

/// <summary>Shows the modes of Bochs's VBE: rows whose pages were written, and no others. Not synchronized: the device's lock is held.</summary>
internal sealed class BochsPicture
{
    private const int Planes = 4;

    private readonly BochsRegisters _registers;
    private readonly VgaState _state;
    private readonly IDeviceMemory _memory;
    private readonly byte[] _row = new byte[DisplaySize.MaximumLength * DisplaySize.PixelLength];
    private readonly uint[] _colours = new uint[16];

    public BochsPicture(BochsRegisters registers, VgaState state, IDeviceMemory memory)
    {
        _registers = registers;
        _state = state;
        _memory = memory;
    }

    /// <summary>Bytes of memory from one row to the next, all planes together.</summary>
    private int RowDistance => _registers.BitsPerPixel == 4 ? _registers.Stride * Planes : _registers.Stride;

    private int Start => _registers.BitsPerPixel == 4 ? _registers.Start * Planes : _registers.Start;

    /// <summary>Bytes of one row that are shown.</summary>
    private int RowLength => _registers.Size.Width * _registers.BitsPerPixel switch { 4 => 1, 8 => 2, 15 or 16 => 4, 24 => 6, _ => 8 } / 2;

    /// <param name="written">The pages of memory that were written.</param>
    /// <param name="isChanged">Registers are not what they were: everything is drawn.</param>
    public void Show(IScanout screen, PageSet written, bool isChanged)
    {
        DisplaySize size = _registers.Size;
        long page = 0;
        if (!isChanged && !written.TryFindRun(ref page, written.Length, 1, out _))
            return;
        if (!screen.TryBegin(size, out bool isNew))
            return;
        for (int i = 0; i < _colours.Length; i++)
            _colours[i] = _state.Dac[_state.PaletteIndex(i)];
        if (isChanged || isNew)
            Draw(screen, 0, size.Height);
        else
            DrawWritten(screen, written, page);
        screen.End();
    }

    private void DrawWritten(IScanout screen, PageSet written, long page)
    {
        int done = 0;
        for (; written.TryFindRun(ref page, written.Length, int.MaxValue, out int length); page += length)
        {
            long first = ((page * PageSet.PageSize) - Start) / RowDistance;
            long end = (((page + length) * PageSet.PageSize) - Start + RowDistance - 1) / RowDistance;
            int from = (int)Math.Clamp(first, done, _registers.Size.Height);
            int to = (int)Math.Clamp(end, from, _registers.Size.Height);
            Draw(screen, from, to);
            done = to;
        }
    }

    private void Draw(IScanout screen, int from, int to)
    {
        if (from >= to)
            return;
        for (int y = from; y < to; y++)
            DrawRow(Start + (y * RowDistance), screen.Row(y));
        screen.Damage(new DisplayArea(0, from, _registers.Size.Width, to - from));
    }

    private void DrawRow(int offset, Span<byte> to)
    {
        if (_registers.BitsPerPixel == 32)
        {
            _memory.Read(offset, to);
            return;
        }

        Span<byte> from = _row.AsSpan(0, RowLength);
        _memory.Read(offset, from);
        switch (_registers.BitsPerPixel)
        {
            case 4:
                DrawPlanar(from, to);
                break;
            case 8:
                for (int x = 0; x < from.Length; x++)
                    Put(to, x, _state.Dac[from[x]]);
                break;
            case 15:
                for (int x = 0; x < from.Length / 2; x++)
                    Put(to, x, Widen15(BinaryPrimitives.ReadUInt16LittleEndian(from[(2 * x)..])));
                break;
            case 16:
                for (int x = 0; x < from.Length / 2; x++)
                    Put(to, x, Widen16(BinaryPrimitives.ReadUInt16LittleEndian(from[(2 * x)..])));
                break;
            default:
                for (int x = 0; x < from.Length / 3; x++)
                    Put(to, x, from[3 * x] | ((uint)from[(3 * x) + 1] << 8) | ((uint)from[(3 * x) + 2] << 16));
                break;
        }
    }

    private void DrawPlanar(ReadOnlySpan<byte> from, Span<byte> to)
    {
        for (int x = 0; x < from.Length * 2; x++)
        {
            ReadOnlySpan<byte> planes = from.Slice(x / 8 * Planes, Planes);
            int bit = 7 - (x & 7);
            int colour = ((planes[0] >> bit) & 1) | (((planes[1] >> bit) & 1) << 1) | (((planes[2] >> bit) & 1) << 2) | (((planes[3] >> bit) & 1) << 3);
            Put(to, x, _colours[colour]);
        }
    }

    private static uint Widen15(uint pixel) => (Widen(pixel >> 10, 5) << 16) | (Widen(pixel >> 5, 5) << 8) | Widen(pixel, 5);

    private static uint Widen16(uint pixel) => (Widen(pixel >> 11, 5) << 16) | (Widen(pixel >> 5, 6) << 8) | Widen(pixel, 5);

    /// <summary>Makes a colour's bits eight by repeating the highest ones.</summary>
    private static uint Widen(uint value, int bits)
    {
        value &= (1U << bits) - 1;
        return (value << (8 - bits)) | (value >> ((2 * bits) - 8));
    }

    private static void Put(Span<byte> to, int x, uint pixel) => BinaryPrimitives.WriteUInt32LittleEndian(to[(x * DisplaySize.PixelLength)..], pixel);
}
