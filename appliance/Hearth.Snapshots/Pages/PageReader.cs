using ZstdSharp;

namespace Hearth.Snapshots.Pages;

/// <summary>Reads pages, and keeps the chunk of the last one: its neighbours come next, as a rule. Used by one thread at a time.</summary>
internal sealed class PageReader(PackSet packs) : IDisposable
{
    private readonly Decompressor _decompressor = new();
    private readonly byte[] _buffer = new byte[Chunk.MaximumLength];
    private readonly byte[] _pages = new byte[Chunk.MaximumPages * Chunk.PageLength];
    private PageReference _chunk;
    private int _count;

    /// <param name="to">One page.</param>
    /// <exception cref="SnapshotException">It is damaged, or missing.</exception>
    public void Read(PageReference page, Span<byte> to)
    {
        if (page.IsZeros)
        {
            to.Clear();
            return;
        }

        if (page.ChunkStart != _chunk)
            Load(page);
        if (page.Page >= _count)
            throw packs.Damaged(page);
        _pages.AsSpan(page.Page * Chunk.PageLength, Chunk.PageLength).CopyTo(to);
    }

    public void Dispose() => _decompressor.Dispose();

    private void Load(PageReference page)
    {
        _chunk = default;
        ReadOnlySpan<byte> chunk = packs.Read(page, _buffer);
        if (!Chunk.TryRead(chunk, _decompressor, _pages))
            throw packs.Damaged(page);
        _count = Chunk.PagesOf(chunk);
        _chunk = page.ChunkStart;
    }
}
