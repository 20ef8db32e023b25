namespace Hearth.Machine;

/// <summary>A visible piece of a mapping: what is left of it after the mappings above it are cut out.</summary>
/// <param name="First">The first address of the piece.</param>
/// <param name="Last">The last address of the piece.</param>
/// <param name="Origin">The address of the device's offset 0.</param>
internal readonly record struct BusSegment(ulong First, ulong Last, ulong Origin, IBusDevice Device)
{
    /// <summary>The visible pieces, sorted by address and disjoint.</summary>
    public static BusSegment[] Flatten(IEnumerable<BusMapping> mappings)
    {
        var visible = new List<BusSegment>();
        foreach (BusMapping mapping in mappings.OrderBy(m => m.Priority).ThenBy(m => m.Sequence))
        {
            ulong first = mapping.Range.Start;
            ulong last = first + (mapping.Range.Length - 1);
            Cut(visible, first, last);
            visible.Add(new BusSegment(first, last, first, mapping.Device));
        }

        visible.Sort((a, b) => a.First.CompareTo(b.First));
        return [.. visible];
    }

    private static void Cut(List<BusSegment> segments, ulong first, ulong last)
    {
        for (int i = segments.Count - 1; i >= 0; i--)
        {
            BusSegment below = segments[i];
            if (below.Last < first || below.First > last)
                continue;
            segments.RemoveAt(i);
            if (below.First < first)
                segments.Add(below with { Last = first - 1 });
            if (below.Last > last)
                segments.Add(below with { First = last + 1 });
        }
    }
}
