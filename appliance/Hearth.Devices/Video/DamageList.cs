using Hearth.Machine;

namespace Hearth.Devices.Video;

/// <summary>What of a picture changed since it was last shown, as a few rectangles. Not synchronized.</summary>
public sealed class DamageList
{
    private const int Capacity = 16;

    private readonly DisplayArea[] _areas = new DisplayArea[Capacity];
    private int _count;

    public bool IsEmpty => _count == 0;

    /// <summary>The rectangles; they may overlap.</summary>
    public ReadOnlySpan<DisplayArea> Areas => _areas.AsSpan(0, _count);

    public void Add(DisplayArea area)
    {
        if (area.IsEmpty)
            return;
        for (int i = 0; i < _count; i++)
        {
            if (_areas[i].Contains(area))
                return;
            if (area.Contains(_areas[i]))
            {
                _areas[i] = area;
                return;
            }
        }

        if (_count == Capacity)
            Merge();
        _areas[_count++] = area;
    }

    public void Clear() => _count = 0;

    /// <summary>A picture with so many changes is as well copied in one piece.</summary>
    private void Merge()
    {
        for (int i = 1; i < _count; i++)
            _areas[0] = _areas[0].Union(_areas[i]);
        _count = 1;
    }
}
