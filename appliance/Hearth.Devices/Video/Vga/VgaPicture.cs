using Hearth.Machine;
using static Hearth.Devices.Video.Vga.VgaRegisters;

namespace Hearth.Devices.Video.Vga;

/// <summary>Shows the VGA's own modes. Not synchronized: the device's lock is held.</summary>
internal sealed class VgaPicture(VgaState state, IDeviceMemory memory)
{
    // A CRT controller that nobody has set up yet.
    private const int SmallestLength = 64;

    private readonly VgaLine _line = new(state, memory);
    private readonly byte[] _pixels = new byte[VgaLine.MaximumWidth * DisplaySize.PixelLength];
    private BlinkPhase _phase;

    /// <summary>Shows the picture as it is now.</summary>
    /// <param name="isChanged">Registers or memory are not what they were.</param>
    public void Show(IScanout screen, bool isChanged, long now)
    {
        DisplaySize size = _line.Size;
        if (size.Width < SmallestLength || size.Height < SmallestLength)
        {
            screen.TurnOff();
            return;
        }

        var phase = BlinkPhase.At(now);
        bool isOther = isChanged || (phase != _phase && !state.IsGraphics);
        _phase = phase;
        if (!isOther || !screen.TryBegin(size, out bool isNew))
            return;
        _line.TakeColours();
        if (state.IsBlank)
            Blank(screen, size, isNew);
        else
            Draw(screen, size, isNew);
        screen.End();
    }

    private void Blank(IScanout screen, DisplaySize size, bool isNew)
    {
        Span<byte> pixels = _pixels.AsSpan(0, size.Width * DisplaySize.PixelLength);
        pixels.Clear();
        var rows = new RowRun(screen, size.Width);
        for (int y = 0; y < size.Height; y++)
            rows.Put(y, pixels, isNew);
        rows.End(size.Height);
    }

    private void Draw(IScanout screen, DisplaySize size, bool isNew)
    {
        Span<byte> pixels = _pixels.AsSpan(0, size.Width * DisplaySize.PixelLength);
        var rows = new RowRun(screen, size.Width);
        int lastRow = state.Crtc[CrtcMaximumScan] & 0x1F;
        int rowLength = state.Crtc[CrtcOffset] * 2;
        bool isDouble = (state.Crtc[CrtcMaximumScan] & ScanDouble) != 0;
        bool isPanned = true;
        int row = state.Crtc[CrtcPreset] & 0x1F;
        int counter = state.StartAddress + ((state.Crtc[CrtcPreset] >> 5) & 3);
        int lineCompare = state.LineCompare;
        bool isSecond = false;
        for (int y = 0; y < size.Height; y++)
        {
            // Of two lines that are the same the second is what was drawn already.
            if (!isSecond)
                _line.Draw(counter, row, isPanned, _phase, pixels);
            rows.Put(y, pixels, isNew);
            if (y == lineCompare)
            {
                (counter, row, isSecond) = (0, 0, false);
                isPanned = (state.Attribute[AttributeMode] & AttributePanningSplit) == 0;
                continue;
            }

            isSecond = isDouble && !isSecond;
            if (isSecond)
                continue;
            if (row == lastRow)
                (row, counter) = (0, counter + rowLength);
            else
                row = (row + 1) & 0x1F;
        }

        rows.End(size.Height);
    }
}
