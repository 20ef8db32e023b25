namespace Hearth.Snapshots.Pages;

/// <summary>What of the packs of a store nothing needs, as it was at one instant.</summary>
internal sealed class PackSweep
{
    private readonly Dictionary<int, SweptPack> _packs = [];
    private readonly HashSet<int> _unneeded = [];

    /// <summary>Those of which something is needed, or that somebody may write to.</summary>
    public IReadOnlyCollection<SweptPack> Packs => _packs.Values;

    /// <summary>Numbers of the packs of which nothing is needed.</summary>
    public IReadOnlyCollection<int> Unneeded => _unneeded;

    /// <summary>What the page is in is given back.</summary>
    public bool TakesAway(PageReference page) =>
        _unneeded.Contains(page.Pack) || (_packs.TryGetValue(page.Pack, out SweptPack? pack) && page.ChunkOffset < pack.End && !pack.Needed.Contains(page.ChunkOffset));

    public void Add(Pack pack, IReadOnlySet<long> needed) => _packs.Add(pack.Number, new SweptPack(pack, pack.SettledEnd, needed));

    public void AddUnneeded(IEnumerable<int> numbers) => _unneeded.UnionWith(numbers);
}
