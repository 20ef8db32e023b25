using Hearth.Snapshots.Pages;

namespace Hearth.Snapshots.States;

/// <summary>Takes a state back. While there is one, nothing of it is given away. Used by one thread at a time; a state may have several.</summary>
public sealed class SavedStateReader : IDisposable
{
    private readonly SnapshotStore _store;
    private readonly Manifest _manifest;
    private readonly PageReader _pages;
    private readonly PageReader _leafReader;
    private readonly PageTable _table;
    private bool _isEnded;

    internal SavedStateReader(SnapshotStore store, PackSet packs, Manifest manifest)
    {
        _store = store;
        _manifest = manifest;
        _pages = new PageReader(packs);

        // A reader of its own: leaves lie elsewhere than the pages between which they are read.
        _leafReader = new PageReader(packs);
        _table = new PageTable(manifest.Leaves, _leafReader);
    }

    public SavedState State => _manifest.State;

    /// <summary>Names of what belongs to the state beside memory.</summary>
    public IEnumerable<string> Parts => _manifest.Parts.Select(part => part.Name);

    /// <summary>Finds the next pages that are not all zeros.</summary>
    /// <param name="page">Where to begin; moved to the first of them.</param>
    /// <returns>False when there are no more.</returns>
    /// <exception cref="SnapshotException">The state is damaged.</exception>
    public bool TryFindContent(ref long page)
    {
        while (page < State.Pages)
        {
            int leaf = (int)(page / PageTable.LeafPages);
            if (_manifest.Leaves[leaf].IsZeros)
                page = (leaf + 1L) * PageTable.LeafPages;
            else if (_table[page].IsZeros)
                page++;
            else
                return true;
        }

        return false;
    }

    /// <summary>True for a page that is not all zeros.</summary>
    /// <exception cref="SnapshotException">The state is damaged.</exception>
    public bool HasContent(long page) => !_manifest.Leaves[(int)(page / PageTable.LeafPages)].IsZeros && !_table[page].IsZeros;

    /// <summary>Reads a page of memory.</summary>
    /// <param name="to">4096 bytes.</param>
    /// <exception cref="SnapshotException">The state is damaged.</exception>
    public void Read(long page, Span<byte> to) => _pages.Read(_table[page], to);

    /// <summary>Reads what belongs to the state beside memory.</summary>
    /// <exception cref="SnapshotException">There is no such part, or it is damaged.</exception>
    public byte[] ReadPart(string name) => _store.ReadPart(_manifest, name);

    public void Dispose()
    {
        if (_isEnded)
            return;
        _isEnded = true;
        _pages.Dispose();
        _leafReader.Dispose();
        _store.EndReader(State.Id);
    }
}
