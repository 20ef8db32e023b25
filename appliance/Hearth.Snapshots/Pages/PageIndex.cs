namespace Hearth.Snapshots.Pages;

/// <summary>
/// Which pages are kept already, by their hashes. It knows as many as fit into its bound: what it has forgotten is kept a second time, and nothing else happens.
/// Used under the lock of who has it.
/// </summary>
/// <remarks>Buckets of a few entries, chosen by the hash; in a full one another gives way. It grows by doubling, up to the bound.</remarks>
internal sealed class PageIndex
{
    private const int Ways = 8;
    private const int FirstBuckets = 512;

    private readonly int _mostBuckets;
    private Entry[] _entries = new Entry[FirstBuckets * Ways];
    private int _count;

    /// <param name="capacity">How many pages it may know, a power of two: 32 bytes each.</param>
    public PageIndex(int capacity) => _mostBuckets = Math.Max(capacity / Ways, FirstBuckets);

    public int Count => _count;

    public bool TryFind(in PageHash hash, out PageReference page)
    {
        foreach (ref readonly Entry entry in Bucket(hash))
        {
            if (!entry.Page.IsZeros && entry.Hash == hash)
            {
                page = entry.Page;
                return true;
            }
        }

        page = default;
        return false;
    }

    public void Add(in PageHash hash, PageReference page)
    {
        if (_count > _entries.Length / 4 * 3 && _entries.Length / Ways < _mostBuckets)
            Grow();
        Insert(new Entry(hash, page));
    }

    /// <summary>Forgets pages.</summary>
    public void Remove(Predicate<PageReference> isGone)
    {
        foreach (ref Entry entry in _entries.AsSpan())
        {
            if (entry.Page.IsZeros || !isGone(entry.Page))
                continue;
            entry = default;
            _count--;
        }
    }

    private Span<Entry> Bucket(in PageHash hash) => _entries.AsSpan((int)(hash.First % (ulong)(_entries.Length / Ways)) * Ways, Ways);

    private void Insert(in Entry added)
    {
        Span<Entry> bucket = Bucket(added.Hash);
        int place = -1;
        for (int i = 0; i < Ways; i++)
        {
            if (bucket[i].Hash == added.Hash && !bucket[i].Page.IsZeros)
            {
                bucket[i] = added;
                return;
            }

            if (bucket[i].Page.IsZeros)
                place = i;
        }

        _count += place < 0 ? 0 : 1;
        bucket[place < 0 ? (int)(added.Hash.Second % Ways) : place] = added;
    }

    private void Grow()
    {
        Entry[] old = _entries;
        _entries = new Entry[old.Length * 2];
        _count = 0;
        foreach (ref readonly Entry entry in old.AsSpan())
        {
            if (!entry.Page.IsZeros)
                Insert(entry);
        }
    }

    private readonly record struct Entry(PageHash Hash, PageReference Page);
}
