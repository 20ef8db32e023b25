namespace Hearth.Snapshots.Pages;

/// <summary>Where a page is kept: in which pack, in which of its chunks, and as which page of the chunk. The default is a page of zeros, which is kept nowhere.</summary>
/// <remarks>Bits 63–40: the pack's number, from 1. Bits 39–4: the chunk's offset, in units of <see cref="Chunk.Alignment"/>. Bits 3–0: which of its pages.</remarks>
internal readonly record struct PageReference(ulong Value)
{
    public const int Length = sizeof(ulong);

    public const int MaximumPack = (1 << (64 - PackShift)) - 1;

    private const int PackShift = 40;
    private const ulong ChunkMask = ((1UL << PackShift) - 1) & ~(ulong)(Chunk.MaximumPages - 1);

    public PageReference(int pack, long chunk, int page)
        : this(((ulong)pack << PackShift) | ((ulong)chunk / Chunk.Alignment * Chunk.MaximumPages) | (uint)page)
    {
    }

    public bool IsZeros => Value == 0;

    public int Pack => (int)(Value >> PackShift);

    /// <summary>Where the chunk begins: bytes into the pack.</summary>
    public long ChunkOffset => (long)((Value & ChunkMask) / Chunk.MaximumPages * Chunk.Alignment);

    public int Page => (int)(Value % Chunk.MaximumPages);

    /// <summary>A later page of the same chunk.</summary>
    public PageReference Next(int pages) => new(Value + (uint)pages);

    /// <summary>The first page of the same chunk.</summary>
    public PageReference ChunkStart => new(Value & ~(ulong)(Chunk.MaximumPages - 1));
}
