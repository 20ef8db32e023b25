using System.Buffers.Binary;

namespace Hearth.Snapshots.Pages;

/// <summary>
/// Where each page of a guest's memory is kept: leaves, each a page of references that is kept as pages are. States that follow one another share the leaves in which
/// nothing has changed.
/// </summary>
/// <remarks>A leaf that is all zeros is kept nowhere, as its pages are. Used by one thread at a time.</remarks>
internal sealed class PageTable
{
    /// <summary>References that a leaf has.</summary>
    public const int LeafPages = Chunk.PageLength / PageReference.Length;

    private readonly PageReference[] _leaves;
    private readonly PageReader _reader;
    private readonly byte[] _leaf = new byte[Chunk.PageLength];
    private long _current = -1;

    public PageTable(IReadOnlyList<PageReference> leaves, PageReader reader)
    {
        _leaves = [.. leaves];
        _reader = reader;
    }

    public static int LeavesFor(long pages) => (int)((pages + LeafPages - 1) / LeafPages);

    public IReadOnlyList<PageReference> Leaves => _leaves;

    public PageReference this[long page]
    {
        get
        {
            Load(page / LeafPages);
            return ReadReference(_leaf, (int)(page % LeafPages));
        }
    }

    /// <summary>Reads a whole leaf.</summary>
    public void ReadLeaf(int leaf, Span<byte> to)
    {
        Load(leaf);
        _leaf.CopyTo(to);
    }

    public static PageReference ReadReference(ReadOnlySpan<byte> leaf, int index) => new(BinaryPrimitives.ReadUInt64LittleEndian(leaf[(index * PageReference.Length)..]));

    public static void WriteReference(Span<byte> leaf, int index, PageReference page) => BinaryPrimitives.WriteUInt64LittleEndian(leaf[(index * PageReference.Length)..], page.Value);

    private void Load(long leaf)
    {
        if (leaf == _current)
            return;
        _current = -1;
        _reader.Read(_leaves[leaf], _leaf);
        _current = leaf;
    }
}
