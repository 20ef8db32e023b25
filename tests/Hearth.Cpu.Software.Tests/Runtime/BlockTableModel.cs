namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>What a <see cref="BlockTable"/> has to know, by dictionaries and one byte after the other.</summary>
internal sealed class BlockTableModel
{
    private const int PageSize = 4096;
    private const int Granule = 128;
    private const int LongestBlock = 200;

    private static readonly ModeFlags[] s_modes = [ModeFlags.Long, ModeFlags.Long | ModeFlags.User, ModeFlags.Code32, ModeFlags.Long | ModeFlags.SingleStep];

    private readonly Dictionary<(ulong Physical, ModeFlags Mode), TranslatedBlock> _blocks = [];

    /// <summary>The granules of a page that code was translated from since it had none.</summary>
    private readonly Dictionary<ulong, HashSet<ulong>> _granules = [];

    public int Count => _blocks.Count;

    public int MostBlocks { get; private set; }

    public IEnumerable<TranslatedBlock> Blocks => _blocks.Values;

    public IReadOnlyCollection<ulong> Pages => _granules.Keys;

    /// <summary>Makes a block somewhere in a few pages, and adds it unless there is one.</summary>
    public bool TryAdd(Random random, out TranslatedBlock block)
    {
        (ulong physical, ModeFlags mode) = AnyPlace(random);
        int left = PageSize - (int)(physical & (PageSize - 1));
        bool crosses = left < 15 && random.Next(2) == 0;
        int length = crosses ? random.Next(left + 1, 16) : random.Next(1, Math.Min(left, LongestBlock) + 1);
        block = BlockTableTests.Block(physical, mode, length, crosses ? AnyPage(random) : TranslatedBlock.NoPage);
        if (!_blocks.TryAdd((physical, mode), block))
            return false;
        foreach (ulong at in BytesOf(block))
        {
            if (!_granules.TryGetValue(at / PageSize * PageSize, out HashSet<ulong>? granules))
                _granules.Add(at / PageSize * PageSize, granules = []);
            granules.Add(at / Granule);
        }

        MostBlocks = Math.Max(MostBlocks, Count);
        return true;
    }

    public TranslatedBlock RemoveAny(Random random)
    {
        TranslatedBlock block = _blocks.Values.ElementAt(random.Next(Count));
        _blocks.Remove((block.Physical, block.Mode));
        foreach (ulong page in PagesOf(block).Where(page => !_blocks.Values.Any(other => PagesOf(other).Contains(page))))
            _granules.Remove(page);
        return block;
    }

    public TranslatedBlock? Find(ulong physical, ModeFlags mode) => _blocks.GetValueOrDefault((physical, mode));

    /// <summary>One that ends in the page it begins in is found twice there.</summary>
    public IEnumerable<TranslatedBlock> Overlapping(ulong physical, int length)
    {
        ulong page = physical / PageSize * PageSize;
        return _blocks.Values.SelectMany(block => PagesOf(block).Where(part => part == page).Select(_ => block))
            .Where(block => BytesOf(block).Any(at => at >= physical && at < physical + (ulong)length));
    }

    public bool HasCode(ulong physical, int length) => _granules.TryGetValue(physical / PageSize * PageSize, out HashSet<ulong>? granules) &&
        granules.Any(granule => granule >= physical / Granule && granule <= (physical + (ulong)length - 1) / Granule);

    public (ulong Address, ModeFlags Mode) AnyPlace(Random random)
    {
        // Often at a page's end, where blocks cross, and often where there is one.
        ulong page = AnyPage(random);
        return random.Next(4) switch
        {
            0 => (page + PageSize - (ulong)random.Next(1, 16), s_modes[random.Next(s_modes.Length)]),
            1 when Count > 0 => _blocks.Keys.ElementAt(random.Next(Count)),
            _ => (page + (ulong)random.Next(PageSize), s_modes[random.Next(s_modes.Length)]),
        };
    }

    private static ulong AnyPage(Random random) => 0x10_0000 + ((ulong)random.Next(6) * PageSize);

    private static IEnumerable<ulong> PagesOf(TranslatedBlock block) =>
        block.CrossesPage ? [block.Physical / PageSize * PageSize, block.SecondPage] : [block.Physical / PageSize * PageSize];

    private static IEnumerable<ulong> BytesOf(TranslatedBlock block)
    {
        ulong left = PageSize - (block.Physical % PageSize);
        for (ulong i = 0; i < (ulong)block.Length; i++)
            yield return i < left ? block.Physical + i : block.SecondPage + (i - left);
    }
}
