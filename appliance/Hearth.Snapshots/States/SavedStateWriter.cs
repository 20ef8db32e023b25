using Hearth.Machine;
using Hearth.Snapshots.Files;
using Hearth.Snapshots.Pages;
using ZstdSharp;

namespace Hearth.Snapshots.States;

/// <summary>Keeps a new state: pages in any order, other parts, and at the end all of it at once, or nothing. Used by one thread at a time.</summary>
/// <remarks>What was not written is as in the state before, or zeros where there is none. Of a page that is written twice the last content counts.</remarks>
public sealed class SavedStateWriter : IDisposable
{
    private const int CompressionLevel = 1;

    private readonly SnapshotStore _store;
    private readonly Holding _holding;
    private readonly PackWriter _packs;
    private readonly PageReader _reader;

    /// <summary>Looks at pages of others.</summary>
    private readonly PageReader _verifier;
    private readonly PageTable _before;
    private readonly Dictionary<int, byte[]> _leaves = [];
    private readonly Compressor _compressor = new(CompressionLevel);
    private readonly byte[] _chunk = new byte[Chunk.MaximumLength];

    // Pages that are on their way into a chunk, and whose they are. Until they are in one, their references are of no pack (see MarkOf).
    private readonly byte[] _pending = new byte[Chunk.MaximumPages * Chunk.PageLength];
    private readonly PageHash[] _pendingHashes = new PageHash[Chunk.MaximumPages];
    private readonly List<(int Pending, long Page)> _waiting = [];
    private int _pendingCount;

    /// <summary>Where the leaves are, of those that are being kept.</summary>
    private readonly PageReference[] _leafPlaces;

    private readonly List<(StatePart Part, byte[] Content)> _parts = [];
    private long _newBytes;
    private bool _isEnded;

    /// <summary>Something of it is missing.</summary>
    private bool _hasFailed;

    internal SavedStateWriter(SnapshotStore store, PackSet packs, string guest, long pages, Holding holding)
    {
        _store = store;
        _holding = holding;
        _packs = new PackWriter(packs);
        Guest = guest;
        Pages = pages;
        Failures = packs.Failures;
        _reader = new PageReader(packs);
        _verifier = new PageReader(packs);
        _before = new PageTable(holding.Leaves, _reader);
        _leafPlaces = [.. holding.Leaves];
    }

    public string Guest { get; }

    /// <summary>Pages of memory.</summary>
    public long Pages { get; }

    /// <inheritdoc cref="PackSet.Failures"/>
    /// <remarks>When the writing began.</remarks>
    internal int Failures { get; }

    /// <summary>Writes memory.</summary>
    /// <param name="first">The first page.</param>
    /// <param name="content">Whole pages of 4096 bytes.</param>
    /// <exception cref="SnapshotException">The host's file system cannot take it, or the state before is damaged.</exception>
    public void Write(long first, ReadOnlySpan<byte> content)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(content.Length % Chunk.PageLength, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + (content.Length / Chunk.PageLength), Pages);
        bool isWhole = false;
        try
        {
            for (long page = first; !content.IsEmpty; page++)
            {
                KeepPage(content[..Chunk.PageLength], page);
                content = content[Chunk.PageLength..];
            }

            isWhole = true;
        }
        finally
        {
            _hasFailed |= !isWhole;
        }
    }

    /// <summary>Adds something else that belongs to the state.</summary>
    /// <param name="name">A file name.</param>
    /// <exception cref="SnapshotException">It is none, or is taken.</exception>
    public void Add(string name, ReadOnlySpan<byte> content)
    {
        Manifest.RequirePart(name, [.. _parts.Select(each => each.Part.Name)]);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, StatePart.MaximumContent);
        byte[] packed = _compressor.Wrap(content).ToArray();
        _parts.Add((new StatePart(name, packed.Length, Crc32C.Compute(packed)), packed));
        _newBytes += packed.Length;
    }

    /// <summary>Brings everything to stable storage. From then on there is this state.</summary>
    /// <exception cref="SnapshotException">The host's file system cannot take it; there is no such state.</exception>
    public SavedState Commit(DateTimeOffset taken)
    {
        ObjectDisposedException.ThrowIf(_isEnded, this);
        if (_hasFailed)
            throw new SnapshotException($"the state of {Guest} is not whole: some of it could not be kept");
        PackPending();
        foreach ((int leaf, byte[] content) in _leaves)
            KeepPage(content, ~(long)leaf);
        PackPending();
        SavedState state = _store.Commit(this, taken, _newBytes, _leafPlaces, _parts);
        Dispose();
        return state;
    }

    /// <summary>Ends the writing; without <see cref="Commit"/> before, nothing is kept.</summary>
    public void Dispose()
    {
        if (_isEnded)
            return;
        _isEnded = true;
        _packs.Dispose();
        _store.EndWriter(_holding);
        _compressor.Dispose();
        _reader.Dispose();
        _verifier.Dispose();
    }

    /// <param name="page">Whose content it is: a page of memory, or the complement of a leaf's number.</param>
    private void KeepPage(ReadOnlySpan<byte> content, long page)
    {
        if (!content.ContainsAnyExcept((byte)0))
        {
            SetPlace(page, default);
            return;
        }

        var hash = PageHash.Of(content);
        if (_store.TryFind(hash, _holding, _verifier, out PageReference there))
        {
            SetPlace(page, there);
            return;
        }

        int pending = _pendingHashes.AsSpan(0, _pendingCount).IndexOf(hash);
        if (pending < 0)
        {
            if (_pendingCount == Chunk.MaximumPages)
                PackPending();
            pending = _pendingCount++;
            content.CopyTo(_pending.AsSpan(pending * Chunk.PageLength));
            _pendingHashes[pending] = hash;
        }

        SetPlace(page, MarkOf(pending));
        _waiting.Add((pending, page));
    }

    private void PackPending()
    {
        if (_pendingCount == 0)
            return;
        ReadOnlySpan<PageHash> hashes = _pendingHashes.AsSpan(0, _pendingCount);
        int length = Chunk.Write(_pending.AsSpan(0, _pendingCount * Chunk.PageLength), hashes, _compressor, _chunk);
        PageReference start = _packs.Append(_chunk.AsSpan(0, length));
        _store.Add(start, hashes);
        _newBytes += length;
        foreach ((int pending, long page) in _waiting)
        {
            // It may have been written again meanwhile.
            if (GetPlace(page) == MarkOf(pending))
                SetPlace(page, start.Next(pending));
        }

        _waiting.Clear();
        _pendingCount = 0;
    }

    /// <summary>Stands for a page that is in no chunk yet.</summary>
    private static PageReference MarkOf(int pending) => new((ulong)pending + 1);

    private PageReference GetPlace(long page) =>
        page < 0 ? _leafPlaces[~page] : PageTable.ReadReference(LeafOf(page), (int)(page % PageTable.LeafPages));

    private void SetPlace(long page, PageReference place)
    {
        if (page < 0)
            _leafPlaces[~page] = place;
        else
            PageTable.WriteReference(LeafOf(page), (int)(page % PageTable.LeafPages), place);
    }

    private byte[] LeafOf(long page)
    {
        int leaf = (int)(page / PageTable.LeafPages);
        if (!_leaves.TryGetValue(leaf, out byte[]? content))
        {
            content = new byte[Chunk.PageLength];
            _before.ReadLeaf(leaf, content);
            _leaves.Add(leaf, content);
        }

        return content;
    }
}
