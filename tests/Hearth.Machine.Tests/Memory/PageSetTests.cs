namespace Hearth.Machine.Tests.Memory;

public sealed class PageSetTests
{
    [Fact]
    public void Runs_ofASet_areAllItsPagesInOrder()
    {
        var pages = new PageSet(1000);
        foreach (long page in (long[])[0, 1, 2, 63, 64, 200, 999])
            pages.Add(page);

        Assert.Equal([(0, 2), (2, 1), (63, 2), (200, 1), (999, 1)], Runs(pages, 0, pages.Length, 2));
        Assert.Equal(7, pages.Count);
    }

    [Fact]
    public void Runs_betweenTwoPages_reachNeitherBefore_norPast()
    {
        var pages = new PageSet(256);
        for (long page = 60; page < 200; page++)
            pages.Add(page);

        Assert.Equal([(100, 28)], Runs(pages, 100, 128, 1000));
        Assert.Empty(Runs(pages, 200, 256, 1000));
        Assert.Empty(Runs(pages, 0, 60, 1000));
    }

    [Fact]
    public void Add_aPageThatIsNotThere_isRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new PageSet(100).Add(100));

    [Fact]
    public void Clear_leavesNothing()
    {
        var pages = new PageSet(100);
        pages.Add(99);

        pages.Clear();

        Assert.Equal((0L, false), (pages.Count, pages.Contains(99)));
    }

    private static List<(long Page, int Length)> Runs(PageSet pages, long from, long end, int longest)
    {
        List<(long, int)> runs = [];
        for (long page = from; pages.TryFindRun(ref page, end, longest, out int length); page += length)
            runs.Add((page, length));
        return runs;
    }
}
