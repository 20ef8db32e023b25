using Hearth.Linux;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>The lists of patched jumps by themselves, in memory that nobody executes.</summary>
public sealed unsafe class JumpLinksTests : IDisposable
{
    /// <summary>More than a chunk of links.</summary>
    private const int Many = 10_000;

    /// <summary>Bytes from one jump to the next, of which the displacement takes four.</summary>
    private const int Step = 16;

    private const int StubsOffset = 1 << 20;

    private readonly MappedMemory _code = MappedMemory.Anonymous(2 << 20);
    private readonly JumpLinks _links;

    public JumpLinksTests() => _links = new JumpLinks(_code.Address);

    public void Dispose() => _code.Dispose();

    [Fact]
    public void Block_has_no_jumps_at_first()
    {
        TranslatedBlock block = Block();

        _links.Unlink(block);

        Assert.Empty(LinksOf(block));
    }

    [Fact]
    public void Jumps_are_told_with_the_stubs_they_led_to()
    {
        TranslatedBlock block = Block();

        Link(block, 3, stub: 7);
        Link(block, 9, stub: 1);

        Assert.Equal(Expected((3, 7), (9, 1)), LinksOf(block));
    }

    [Fact]
    public void Jumps_are_their_own_blocks()
    {
        TranslatedBlock first = Block();
        TranslatedBlock second = Block();
        TranslatedBlock without = Block();

        Link(first, 0, stub: 0);
        Link(second, 1, stub: 1);
        Link(first, 2, stub: 2);

        Assert.Equal(Expected((0, 0), (2, 2)), LinksOf(first));
        Assert.Equal(Expected((1, 1)), LinksOf(second));
        Assert.Empty(LinksOf(without));
    }

    [Fact]
    public void Jumps_of_a_block_that_goes_lead_to_their_stubs_again()
    {
        TranslatedBlock gone = Block();
        TranslatedBlock stays = Block();
        Link(gone, 0, stub: 10);
        Link(stays, 1, stub: 11);
        Link(gone, 2, stub: 12);

        _links.Unlink(gone);

        Assert.Equal((StubAt(10), LinkedTarget, StubAt(12)), (TargetOf(0), TargetOf(1), TargetOf(2)));
        Assert.Empty(LinksOf(gone));
        Assert.Equal(Expected((1, 11)), LinksOf(stays));
    }

    [Fact]
    public void Jump_that_was_unlinked_can_be_linked_again()
    {
        TranslatedBlock first = Block();
        TranslatedBlock second = Block();
        Link(first, 5, stub: 6);
        _links.Unlink(first);

        Link(second, 5, stub: 6);
        _links.Unlink(first);

        Assert.Equal(LinkedTarget, TargetOf(5));
        Assert.Equal(Expected((5, 6)), LinksOf(second));
    }

    [Fact]
    public void Links_of_more_than_a_chunk_are_all_followed_back()
    {
        TranslatedBlock[] blocks = [.. Enumerable.Range(0, 7).Select(_ => Block())];
        for (int i = 0; i < Many; i++)
            Link(blocks[i % blocks.Length], i, stub: Many - i);

        foreach (TranslatedBlock block in blocks[1..])
            _links.Unlink(block);

        Assert.Equal(Expected([.. Enumerable.Range(0, Many).Where(i => i % blocks.Length == 0).Select(i => (i, Many - i))]), LinksOf(blocks[0]));
        Assert.All(Enumerable.Range(0, Many), i => Assert.Equal(i % blocks.Length == 0 ? LinkedTarget : StubAt(Many - i), TargetOf(i)));
    }

    /// <summary>A guest that changes its code all the time must not fill memory with links.</summary>
    [Fact]
    public void Links_that_were_freed_are_used_before_new_ones()
    {
        TranslatedBlock first = Block();
        Link(first, 0, 0);
        Link(first, 1, 1);
        Link(first, 2, 2);
        _links.Unlink(first);
        TranslatedBlock[] next = [.. Enumerable.Range(0, 4).Select(_ => Block())];

        for (int i = 0; i < next.Length; i++)
            Link(next[i], 10 + i, stub: i);

        Assert.Equal([1, 2, 3], next[..3].Select(block => block.Incoming).Order());
        Assert.Equal(4, next[3].Incoming);
    }

    [Fact]
    public void Links_that_are_made_and_freed_again_and_again_stay_few()
    {
        TranslatedBlock block = Block();
        for (int round = 0; round < Many; round++)
        {
            Link(block, round, stub: round);
            Link(block, round + 1, stub: round);
            _links.Unlink(block);
        }

        Link(block, 0, stub: 0);

        Assert.InRange(block.Incoming, 1, 2);
    }

    [Fact]
    public void Links_are_numbered_anew_when_everything_is_dropped()
    {
        TranslatedBlock old = Block();
        TranslatedBlock freed = Block();
        Link(freed, 0, stub: 0);
        Link(old, 1, stub: 1);
        _links.Unlink(freed);

        _links.Clear();

        TranslatedBlock first = Block();
        TranslatedBlock second = Block();
        Link(first, 2, stub: 2);
        Link(second, 3, stub: 3);
        Assert.Equal((1, 2), (first.Incoming, second.Incoming));
        Assert.Equal(Expected((2, 2)), LinksOf(first));
        Assert.Equal(Expected((3, 3)), LinksOf(second));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_changes_leave_what_a_plain_model_has(int seed)
    {
        const int Jumps = 6000;
        var random = new Random(seed);
        var model = new Dictionary<TranslatedBlock, Dictionary<nint, nint>>();
        TranslatedBlock[] blocks = NewBlocks(model);
        for (int step = 0; step < 60_000; step++)
        {
            TranslatedBlock block = blocks[random.Next(blocks.Length)];
            int jump = random.Next(Jumps);
            switch (random.Next(20_000))
            {
                case 0:
                    _links.Clear();
                    blocks = NewBlocks(model);
                    break;
                case < 40:
                    _links.Unlink(block);
                    Assert.All(model[block], link => Assert.Equal(link.Value, TargetAt(link.Key)));
                    model[block].Clear();
                    break;
                case var _ when !model.Values.Any(links => links.ContainsKey(JumpAt(jump))):
                    Link(block, jump, stub: step % Jumps);
                    model[block].Add(JumpAt(jump), StubAt(step % Jumps));
                    break;
                default:
                    Assert.Equal(model[block], LinksOf(block));
                    break;
            }
        }

        Assert.All(blocks, block => Assert.Equal(model[block], LinksOf(block)));
        Assert.All(model.Values.SelectMany(links => links.Keys), jump => Assert.Equal(LinkedTarget, TargetAt(jump)));
    }

    /// <summary>Where every jump leads that is linked.</summary>
    private nint LinkedTarget => (nint)(_code.Address + StubsOffset - Step);

    private static TranslatedBlock[] NewBlocks(Dictionary<TranslatedBlock, Dictionary<nint, nint>> model)
    {
        model.Clear();
        TranslatedBlock[] blocks = [.. Enumerable.Range(0, 30).Select(_ => Block())];
        foreach (TranslatedBlock block in blocks)
            model.Add(block, []);
        return blocks;
    }

    private static TranslatedBlock Block() => BlockTableTests.Block(0x1000, ModeFlags.Long, 8, TranslatedBlock.NoPage);

    /// <summary>As the store does it.</summary>
    private void Link(TranslatedBlock target, int jump, int stub)
    {
        _links.Add(target, (byte*)JumpAt(jump), (byte*)StubAt(stub));
        HostEmitter.Bind((byte*)JumpAt(jump), (byte*)LinkedTarget);
    }

    private Dictionary<nint, nint> LinksOf(TranslatedBlock block)
    {
        var links = new Dictionary<nint, nint>();
        _links.CopyTo(links, block);
        return links;
    }

    private Dictionary<nint, nint> Expected(params (int Jump, int Stub)[] links) => links.ToDictionary(link => JumpAt(link.Jump), link => StubAt(link.Stub));

    /// <summary>Past the displacement of a jump.</summary>
    private nint JumpAt(int number) => (nint)(_code.Address + ((number + 1) * Step));

    private nint StubAt(int number) => (nint)(_code.Address + StubsOffset + (number * Step));

    private nint TargetOf(int jump) => TargetAt(JumpAt(jump));

    private static nint TargetAt(nint jump) => jump + ((int*)jump)[-1];
}
