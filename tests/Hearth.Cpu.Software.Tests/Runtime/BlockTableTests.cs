namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>The table of blocks by itself: blocks of its kind are never entered, so that they need no code.</summary>
public sealed unsafe class BlockTableTests
{
    private const ulong Page = 0x12_3000;
    private const ulong OtherPage = 0x45_6000;
    private const int FirstBuckets = 1024;

    private readonly BlockTable _table = new();

    [Fact]
    public void Block_is_found_by_its_address_and_its_mode()
    {
        TranslatedBlock block = Add(Page + 0x10, ModeFlags.Long);

        Assert.Same(block, Find(Page + 0x10, ModeFlags.Long));
        Assert.Null(Find(Page + 0x10, ModeFlags.Long | ModeFlags.User));
        Assert.Null(Find(Page + 0x11, ModeFlags.Long));
        Assert.Equal(1, _table.Count);
    }

    [Fact]
    public void Blocks_of_one_address_are_one_for_each_mode()
    {
        ModeFlags[] modes = [ModeFlags.Long, ModeFlags.Long | ModeFlags.User, ModeFlags.Code32, ModeFlags.None];

        TranslatedBlock[] blocks = [.. modes.Select(mode => Add(Page, mode))];

        Assert.Equal(blocks, modes.Select(mode => Find(Page, mode)));
    }

    /// <summary>The first of a bucket, one in the middle, and the last.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(7)]
    public void Block_that_is_removed_leaves_the_others_of_its_bucket(int removed)
    {
        ulong[] addresses = [.. InOneBucket(8)];
        TranslatedBlock[] blocks = [.. addresses.Select(address => Add(address))];

        _table.Remove(blocks[removed]);

        Assert.Null(Find(addresses[removed]));
        Assert.Null(blocks[removed].NextInBucket);
        Assert.All(blocks.Where(block => block != blocks[removed]), block => Assert.Same(block, Find(block.Physical)));
        AssertHolds(blocks.Where(block => block != blocks[removed]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(7)]
    public void Block_that_is_removed_leaves_the_others_of_its_page(int removed)
    {
        TranslatedBlock[] blocks = [.. Enumerable.Range(0, 8).Select(i => Add(Page + ((ulong)i * 0x100)))];

        _table.Remove(blocks[removed]);

        Assert.Null(blocks[removed].NextInPage);
        AssertSame(blocks.Where(block => block != blocks[removed]), Overlapping(Page, 4096));
        Assert.Empty(Overlapping(blocks[removed].Physical, 0x100));
    }

    [Fact]
    public void Block_that_was_removed_can_be_added_again()
    {
        TranslatedBlock block = Add(Page);
        TranslatedBlock other = Add(Page + 0x40);
        _table.Remove(block);

        _table.Add(block);

        Assert.Same(block, Find(Page));
        AssertSame([block, other], Overlapping(Page, 4096));
        AssertHolds([block, other]);
    }

    [Fact]
    public void Overlap_counts_bytes_and_not_granules()
    {
        TranslatedBlock block = Add(Page + 0x50, length: 16);

        Assert.Empty(Overlapping(Page + 0x4F, 1));
        Assert.Equal([block], Overlapping(Page + 0x4F, 2));
        Assert.Equal([block], Overlapping(Page + 0x5F, 1));
        Assert.Empty(Overlapping(Page + 0x60, 1));
        Assert.Empty(Overlapping(OtherPage + 0x50, 16));
    }

    [Fact]
    public void Code_is_told_by_granules_of_128_bytes()
    {
        _ = Add(Page + 0xF0, length: 0x20);

        Assert.False(_table.HasCode(Page, 0x80));
        Assert.True(_table.HasCode(Page, 0x81));
        Assert.True(_table.HasCode(Page + 0x17F, 1));
        Assert.False(_table.HasCode(Page + 0x180, 0x1000 - 0x180));
        Assert.True(_table.HasCode(Page, 4096));
        Assert.False(_table.HasCode(OtherPage, 4096));
    }

    [Fact]
    public void Code_in_the_last_granule_of_a_page_is_told()
    {
        _ = Add(Page + 0xFFF, length: 1);

        Assert.True(_table.HasCode(Page + 0xF80, 1));
        Assert.False(_table.HasCode(Page + 0xF00, 0x80));
    }

    /// <summary>What is told without a block costs a look; what is not told, old code.</summary>
    [Fact]
    public void Granules_are_forgotten_with_the_last_block_of_their_page()
    {
        TranslatedBlock first = Add(Page + 0x10);
        TranslatedBlock second = Add(Page + 0x810);
        _table.Remove(first);
        bool hadCode = _table.HasCode(Page + 0x10, 1);

        _table.Remove(second);

        Assert.True(hadCode);
        Assert.False(_table.HasPage(Page));
        Assert.Empty(_table.Pages);
        _ = Add(Page + 0x810);
        Assert.False(_table.HasCode(Page + 0x10, 1));
    }

    [Fact]
    public void Block_that_crosses_belongs_to_both_pages()
    {
        TranslatedBlock block = AddCrossing(Page + 0xFFD, length: 7, OtherPage);

        Assert.Equal([block], Overlapping(Page + 0xFFF, 1));
        Assert.Equal([block], Overlapping(OtherPage + 3, 1));
        Assert.Empty(Overlapping(OtherPage + 4, 1));
        Assert.Empty(Overlapping(Page + 0xFFC, 1));
        Assert.True(_table.HasCode(OtherPage, 1));
        Assert.False(_table.HasCode(OtherPage + 0x80, 1));
        Assert.Equal([Page, OtherPage], _table.Pages.Order());

        _table.Remove(block);

        Assert.Empty(_table.Pages);
        Assert.Empty(Overlapping(OtherPage, 4096));
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    public void Blocks_that_end_in_a_page_stay_when_one_that_begins_there_goes()
    {
        TranslatedBlock crossing = AddCrossing(Page + 0xFFD, length: 7, OtherPage);
        TranslatedBlock block = Add(OtherPage);

        _table.Remove(block);

        Assert.Equal([crossing], Overlapping(OtherPage, 4096));
        Assert.True(_table.HasPage(OtherPage));
    }

    /// <summary>A page that is mapped twice in a row.</summary>
    [Fact]
    public void Block_that_crosses_into_its_own_page_goes_from_it()
    {
        TranslatedBlock block = AddCrossing(Page + 0xFFD, length: 7, Page);

        Assert.Equal([block, block], Overlapping(Page, 4096));

        _table.Remove(block);

        Assert.False(_table.HasPage(Page));
        Assert.Empty(Overlapping(Page, 4096));
    }

    [Fact]
    public void Table_that_has_grown_finds_all()
    {
        TranslatedBlock[] blocks = [.. Enumerable.Range(0, (FirstBuckets * 4) + 3).Select(i => Add((ulong)i * 0x57, i % 3 == 0 ? ModeFlags.Long : ModeFlags.Code32))];

        Assert.All(blocks, block => Assert.Same(block, Find(block.Physical, block.Mode)));
        AssertHolds(blocks);
    }

    [Fact]
    public void Table_that_has_grown_can_be_emptied_one_by_one()
    {
        TranslatedBlock[] blocks = [.. Enumerable.Range(0, FirstBuckets * 3).Select(i => Add((ulong)i * 0x57))];
        new Random(1).Shuffle(blocks);

        foreach (TranslatedBlock block in blocks)
            _table.Remove(block);

        AssertHolds([]);
        Assert.Empty(_table.Pages);
        Assert.All(blocks, block => Assert.Null(Find(block.Physical)));
    }

    [Fact]
    public void Table_that_was_cleared_is_as_a_new_one()
    {
        TranslatedBlock[] old = [.. Enumerable.Range(0, FirstBuckets * 2).Select(i => Add(Page + ((ulong)i * 0x40)))];

        _table.Clear();

        AssertHolds([]);
        Assert.Empty(_table.Pages);
        Assert.False(_table.HasCode(Page, 4096));
        Assert.Empty(Overlapping(Page, 4096));
        Assert.All(old, block => Assert.Null(Find(block.Physical)));
        TranslatedBlock block = Add(Page + 0x40);
        Assert.Equal([block], Overlapping(Page, 4096));
        AssertHolds([block]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_changes_leave_what_a_plain_model_has(int seed)
    {
        var random = new Random(seed);
        var model = new BlockTableModel();
        for (int step = 0; step < 6000; step++)
        {
            // Grows to a few hundred, and shrinks again.
            bool grows = random.Next(100) < (step / 1000 % 2 == 0 ? 70 : 30);
            if (grows || model.Count == 0)
                Assert.Equal(model.TryAdd(random, out TranslatedBlock block), TryAdd(block));
            else
                _table.Remove(model.RemoveAny(random));
            AssertLike(model, random);
        }

        AssertHolds(model.Blocks);
        Assert.Equal(model.Pages.Order(), _table.Pages.Order());
        Assert.InRange(model.MostBlocks, 200, int.MaxValue);
    }

    private void AssertLike(BlockTableModel model, Random random)
    {
        (ulong address, ModeFlags mode) = model.AnyPlace(random);
        Assert.Same(model.Find(address, mode), Find(address, mode));
        int length = random.Next(1, Math.Min(4096 - (int)(address & 0xFFF), random.Next(2) == 0 ? 16 : 4096) + 1);
        AssertSame(model.Overlapping(address, length), Overlapping(address, length));
        Assert.Equal(model.HasCode(address, length), _table.HasCode(address, length));
        Assert.Equal(model.Pages.Contains(address & ~0xFFFUL), _table.HasPage(address & ~0xFFFUL));
        Assert.Equal(model.Count, _table.Count);
    }

    private bool TryAdd(TranslatedBlock block)
    {
        if (Find(block.Physical, block.Mode) is not null)
            return false;
        _table.Add(block);
        return true;
    }

    private TranslatedBlock Add(ulong physical, ModeFlags mode = ModeFlags.Long, int length = 8)
    {
        TranslatedBlock block = Block(physical, mode, length, TranslatedBlock.NoPage);
        _table.Add(block);
        return block;
    }

    private TranslatedBlock AddCrossing(ulong physical, int length, ulong secondPage)
    {
        TranslatedBlock block = Block(physical, ModeFlags.Long, length, secondPage);
        _table.Add(block);
        return block;
    }

    private TranslatedBlock? Find(ulong physical, ModeFlags mode = ModeFlags.Long) => _table.TryGet(physical, mode, out TranslatedBlock block) ? block : null;

    private List<TranslatedBlock> Overlapping(ulong physical, int length)
    {
        var found = new List<TranslatedBlock>();
        _table.Overlapping(physical, length, found);
        return found;
    }

    private void AssertHolds(IEnumerable<TranslatedBlock> expected)
    {
        AssertSame(expected, _table.Blocks);
        Assert.Equal(expected.Count(), _table.Count);
    }

    /// <summary>In any order.</summary>
    private static void AssertSame(IEnumerable<TranslatedBlock> expected, IEnumerable<TranslatedBlock> actual) => Assert.Equal(Ordered(expected), Ordered(actual));

    private static IEnumerable<TranslatedBlock> Ordered(IEnumerable<TranslatedBlock> blocks) => blocks.OrderBy(block => block.Physical).ThenBy(block => block.Mode);

    /// <summary>Addresses whose hashes begin alike in a table of its first size.</summary>
    private static IEnumerable<ulong> InOneBucket(int count) => Enumerable.Range(1, 1 << 20).Select(i => (ulong)i << 4)
        .Where(address => (((address ^ ((ulong)ModeFlags.Long << 32)) * BlockIndex.HashFactor) >> 32 & (FirstBuckets - 1)) == 5).Take(count);

    internal static TranslatedBlock Block(ulong physical, ModeFlags mode, int length, ulong secondPage) => new()
    {
        Physical = physical,
        Length = length,
        Mode = mode,
        FarEntry = null,
        CheckedOffset = 0,
        NearOffset = 0,
        Details = secondPage == TranslatedBlock.NoPage ? null : new BlockDetails { SecondPage = secondPage },
    };
}
