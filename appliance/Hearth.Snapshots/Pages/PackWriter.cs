namespace Hearth.Snapshots.Pages;

/// <summary>Writes chunks to packs that are its own until it ends. Used by one thread at a time.</summary>
internal sealed class PackWriter(PackSet packs) : IDisposable
{
    private readonly List<Pack> _taken = [];

    /// <summary>Keeps a chunk.</summary>
    /// <returns>Its first page.</returns>
    /// <exception cref="SnapshotException">The host's file system refused.</exception>
    public PageReference Append(ReadOnlySpan<byte> chunk)
    {
        if (_taken is not [.., var pack] || !PackSet.HasRoom(pack))
            _taken.Add(pack = packs.Take());
        return new PageReference(pack.Number, pack.Append(chunk), 0);
    }

    public void Dispose()
    {
        packs.Give(_taken);
        _taken.Clear();
    }
}
