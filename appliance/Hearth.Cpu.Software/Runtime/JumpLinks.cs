namespace Hearth.Cpu.Software;

/// <summary>
/// The jumps patched to enter blocks, with the stubs they led to before: one list for each block, in arrays that all share. The owner's lock protects it.
/// </summary>
/// <param name="start">Where the code cache begins.</param>
internal sealed unsafe class JumpLinks(byte* start)
{
    /// <summary>Ends a list. So a new block has none.</summary>
    private const int None = 0;

    private readonly byte* _start = start;

    private const int ChunkLength = 4096;

    // Chunks: an array that doubles leaves its halves behind. The first link is never used.
    private readonly List<Link[]> _chunks = [];
    private int _count = 1;
    private int _free = None;

    /// <summary>Adds a jump to a block's list.</summary>
    /// <param name="jump">Past its displacement.</param>
    public void Add(TranslatedBlock target, byte* jump, byte* stub)
    {
        int number = _free;
        if (number != None)
        {
            _free = Get(number).Next;
        }
        else
        {
            number = _count++;
            if (number / ChunkLength == _chunks.Count)
                _chunks.Add(new Link[ChunkLength]);
        }

        Get(number) = new Link((uint)(jump - _start), (uint)(stub - _start), target.Incoming);
        target.Incoming = number;
    }

    /// <summary>Makes all jumps to a block lead to their stubs again.</summary>
    public void Unlink(TranslatedBlock target)
    {
        while (target.Incoming != None)
        {
            ref Link link = ref Get(target.Incoming);
            HostEmitter.Bind(_start + link.Jump, _start + link.Stub);
            (target.Incoming, link.Next, _free) = (link.Next, _free, target.Incoming);
        }
    }

    /// <summary>Notes the stub of each jump to a block.</summary>
    public void CopyTo(Dictionary<nint, nint> stubs, TranslatedBlock target)
    {
        for (int number = target.Incoming; number != None; number = Get(number).Next)
            stubs[(nint)(_start + Get(number).Jump)] = (nint)(_start + Get(number).Stub);
    }

    public void Clear()
    {
        _count = 1;
        _free = None;
    }

    private ref Link Get(int number) => ref _chunks[number / ChunkLength][number % ChunkLength];

    /// <summary>Both as offsets in the code cache; <paramref name="Next"/> is the number of the next one of the list.</summary>
    private record struct Link(uint Jump, uint Stub, int Next);
}
