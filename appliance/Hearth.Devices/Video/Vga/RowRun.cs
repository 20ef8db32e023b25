using Hearth.Machine;

namespace Hearth.Devices.Video.Vga;

/// <summary>Writes rows of a frame one after the other, those that are not what they were, and tells runs of them as damage.</summary>
internal ref struct RowRun(IScanout screen, int width)
{
    private int _first = -1;

    /// <param name="isNew">The row is no picture yet: it counts as changed.</param>
    public void Put(int y, ReadOnlySpan<byte> pixels, bool isNew)
    {
        Span<byte> row = screen.Row(y);
        if (!isNew && pixels.SequenceEqual(row))
        {
            End(y);
            return;
        }

        pixels.CopyTo(row);
        if (_first < 0)
            _first = y;
    }

    /// <summary>Tells the run that ends before a row, if any.</summary>
    public void End(int y)
    {
        if (_first >= 0)
            screen.Damage(new DisplayArea(0, _first, width, y - _first));
        _first = -1;
    }
}
