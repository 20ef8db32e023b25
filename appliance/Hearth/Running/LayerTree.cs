namespace Hearth.Running;

/// <summary>Which layer of a disk lies on which, as far as anybody knows.</summary>
internal sealed class LayerTree
{
    private readonly Dictionary<(int Slot, int Number), int> _below = [];

    /// <param name="known">Of the present first, and of states: where they differ, the first counts.</param>
    public LayerTree(IEnumerable<LayerRecord> known)
    {
        foreach (LayerRecord layer in known)
            _below.TryAdd((layer.Slot, layer.Number), layer.Below);
    }

    public IReadOnlyList<LayerRecord> Records => [.. _below.Select(layer => new LayerRecord(layer.Key.Slot, layer.Key.Number, layer.Value))];

    /// <summary>The highest number that a layer of a disk has.</summary>
    public int LastOf(int slot) => _below.Keys.Where(layer => layer.Slot == slot).Select(layer => layer.Number).DefaultIfEmpty(0).Max();

    public void Add(int slot, int number, int below) => _below[(slot, number)] = below;

    /// <summary>A layer and all that it lies on, the top one first, without those that have become one with the one above.</summary>
    /// <param name="isThere">Its file is.</param>
    public IEnumerable<int> ChainOf(int slot, int layer, Func<int, bool> isThere)
    {
        var seen = new HashSet<int>();
        for (int number = layer; number != 0 && seen.Add(number); number = _below.GetValueOrDefault((slot, number)))
        {
            if (number == layer || isThere(number))
                yield return number;
        }
    }

    /// <summary>Some layer lies on this one.</summary>
    public bool HasAbove(int slot, int number) => _below.Any(layer => layer.Key.Slot == slot && layer.Value == number);

    /// <summary>Forgets all layers but these.</summary>
    public void Keep(IReadOnlySet<(int Slot, int Number)> needed)
    {
        foreach ((int Slot, int Number) layer in _below.Keys.Where(layer => !needed.Contains(layer)).ToArray())
            _below.Remove(layer);
    }
}
