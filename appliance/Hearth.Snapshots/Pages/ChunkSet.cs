namespace Hearth.Snapshots.Pages;

/// <summary>Chunks, by their packs.</summary>
internal sealed class ChunkSet
{
    private readonly Dictionary<int, HashSet<long>> _packs = [];

    /// <summary>All of them, pack by pack, in their order.</summary>
    public IEnumerable<PageReference> InOrder => _packs.OrderBy(pack => pack.Key).SelectMany(pack => pack.Value.Order().Select(offset => new PageReference(pack.Key, offset, 0)));

    public int Count => _packs.Values.Sum(pack => pack.Count);

    /// <param name="page">Any page of the chunk.</param>
    public void Add(PageReference page) => _ = In(page.Pack).Add(page.ChunkOffset);

    /// <summary>Where the chunks of a pack begin.</summary>
    public HashSet<long> In(int pack)
    {
        if (!_packs.TryGetValue(pack, out HashSet<long>? offsets))
            _packs.Add(pack, offsets = []);
        return offsets;
    }
}
