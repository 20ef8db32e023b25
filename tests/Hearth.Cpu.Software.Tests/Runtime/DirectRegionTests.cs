namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>What is noted of the pages that a process for user code has mapped.</summary>
public sealed unsafe class DirectRegionTests
{
    private const ulong Rights = PageTableEntry.Writable;

    private readonly DirectRegion _region = new();

    [Fact]
    public void Pages_side_by_side_with_the_same_rights_are_one_run()
    {
        _region.Set(3, 0x5003);
        _region.Set(5, 0x7003);
        Assert.Equal((2, 2), (_region.Count, _region.Runs));

        _region.Set(4, 0x6003);
        Assert.Equal((3, 1), (_region.Count, _region.Runs));

        _region.Set(4, 0x6001);
        Assert.Equal((3, 3), (_region.Count, _region.Runs));

        _region.Set(4, 0);
        Assert.Equal((2, 2), (_region.Count, _region.Runs));
    }

    [Fact]
    public void The_first_and_the_last_page_have_one_neighbour()
    {
        _region.Set(0, 0x1001);
        _region.Set(RegionTranslation.Pages - 1, 0x9001);
        Assert.Equal(2, _region.Runs);

        _region.Set(0, 0);
        _region.Set(RegionTranslation.Pages - 1, 0);
        Assert.Equal((0, 0), (_region.Count, _region.Runs));
    }

    [Fact]
    public void A_changed_entry_is_to_be_checked_until_somebody_has()
    {
        var translation = new RegionTranslation(0x4000, 0, Rights);
        ulong* table = stackalloc ulong[RegionTranslation.Pages];
        _region.Update(translation, table);
        _region.IsUnchecked = false;

        _region.Update(translation, table);
        Assert.False(_region.IsUnchecked);

        table[7] = 0x5067;
        _region.Update(translation, table);
        _region.Update(translation, table);
        Assert.True(_region.IsUnchecked);
        Assert.Equal(0x5000UL, _region.Effective(7) & PageTableEntry.Address);
    }

    [Theory]
    [InlineData(0x67UL, true, true)]
    [InlineData(0x65UL, true, false)]
    [InlineData(0x63UL, false, false)] // of the kernel
    [InlineData(0x47UL, false, false)] // not accessed
    [InlineData(0x66UL, false, false)] // not present
    public void An_entry_counts_when_user_code_has_accessed_the_page(ulong entry, bool isThere, bool isWritable)
    {
        ulong effective = new RegionTranslation(0x4000, 0, Rights).Effective(0, 0x5000 | entry);

        Assert.Equal((isThere, isWritable), (effective != 0, (effective & PageTableEntry.Writable) != 0));
    }

    [Fact]
    public void Every_level_takes_rights_away()
    {
        var translation = new RegionTranslation(0x4000, 0, PageTableEntry.NoExecute);

        ulong effective = translation.Effective(0, 0x5067);

        Assert.Equal(PageTableEntry.NoExecute, effective & (PageTableEntry.Writable | PageTableEntry.NoExecute));
    }

    [Fact]
    public void Pages_of_a_large_page_follow_one_another()
    {
        var translation = new RegionTranslation(0x20_0000, 0x20_00E7, Rights);

        Assert.Equal(0x20_3000UL, translation.Effective(3, 0) & PageTableEntry.Address);
        Assert.NotEqual(0UL, translation.Effective(3, 0) & PageTableEntry.Dirty);
    }
}
