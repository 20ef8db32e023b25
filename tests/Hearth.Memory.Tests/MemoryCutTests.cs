using Hearth.Machine;

namespace Hearth.Memory.Tests;

public sealed class MemoryCutTests
{
    private const int Pages = 256;
    private const ulong Length = (ulong)Pages * GuestRam.PageSize;
    private const ulong SomePage = 0x10_000;

    private readonly byte[] _page = new byte[GuestRam.PageSize];

    [Fact]
    public void Read_nobodyWrote_givesThePage()
    {
        using var ram = new GuestRam(Length);
        Fill(ram, SomePage, 1);
        using MemoryCut cut = ram.Cut(Everything(ram), ram.PrepareCut(Pages));

        cut.Read(PageOf(SomePage), _page);

        Assert.All(_page, value => Assert.Equal(1, value));
        Assert.Equal(0, cut.Kept);
    }

    [Theory]
    [InlineData(Writer.TryWrite)]
    [InlineData(Writer.HostAddress)]
    [InlineData(Writer.Mapped)]
    [InlineData(Writer.GivenBack)]
    public void Read_writtenMeanwhile_givesThePageAsItWas(Writer writer)
    {
        using var ram = new GuestRam(Length);
        Fill(ram, SomePage, 1);
        using MemoryCut cut = ram.Cut(Everything(ram), ram.PrepareCut(Pages));

        Overwrite(ram, SomePage, writer);
        cut.Read(PageOf(SomePage), _page);

        Assert.All(_page, value => Assert.Equal(1, value));
        Assert.Equal(1, cut.Kept);
        Assert.True(ram.TryRead(new GuestAddress(SomePage), _page));
        Assert.DoesNotContain((byte)1, _page);
    }

    [Fact]
    public void Write_pageThatWasAskedFor_keepsNothing()
    {
        using var ram = new GuestRam(Length);
        using MemoryCut cut = ram.Cut(Everything(ram), ram.PrepareCut(Pages));
        cut.Read(PageOf(SomePage), _page);

        Fill(ram, SomePage, 2);

        Assert.Equal(0, cut.Kept);
    }

    [Fact]
    public void Write_pageThatIsNotWanted_keepsNothing()
    {
        using var ram = new GuestRam(Length);
        PageSet wanted = ram.NewPageSet();
        wanted.Add(PageOf(SomePage));
        using MemoryCut cut = ram.Cut(wanted, ram.PrepareCut(1));

        Fill(ram, SomePage + GuestRam.PageSize, 2);

        Assert.Equal(0, cut.Kept);
        Assert.Equal(PageFlags.None, Flags(ram, SomePage + GuestRam.PageSize) & PageFlags.Wanted);
        Assert.Equal(PageFlags.Wanted, Flags(ram, SomePage) & PageFlags.Wanted);
    }

    [Fact]
    public void Write_noRoomLeft_waitsForTheReader()
    {
        using var ram = new GuestRam(Length);
        Fill(ram, SomePage, 1);
        Fill(ram, SomePage + GuestRam.PageSize, 1);
        using MemoryCut cut = ram.Cut(Everything(ram), ram.PrepareCut(1));
        Fill(ram, SomePage, 2);
        var writer = new Thread(() => Fill(ram, SomePage + GuestRam.PageSize, 2));
        writer.Start();

        Assert.False(writer.Join(TimeSpan.FromMilliseconds(100)));
        cut.Read(PageOf(SomePage), _page);

        Assert.True(writer.Join(TimeSpan.FromSeconds(30)));
        cut.Read(PageOf(SomePage) + 1, _page);
        Assert.All(_page, value => Assert.Equal(1, value));
    }

    [Fact]
    public void Abandon_writersWait_letsThemGoOn()
    {
        using var ram = new GuestRam(Length);
        using MemoryCut cut = ram.Cut(Everything(ram), ram.PrepareCut(1));
        Fill(ram, SomePage, 2);
        var writer = new Thread(() => Fill(ram, SomePage + GuestRam.PageSize, 2));
        writer.Start();

        cut.Abandon();

        Assert.True(writer.Join(TimeSpan.FromSeconds(30)));
        Assert.Equal(PageFlags.None, Flags(ram, SomePage + (2 * GuestRam.PageSize)) & PageFlags.Wanted);
    }

    [Fact]
    public void Read_afterAbandon_neitherFailsNorWaits()
    {
        using var ram = new GuestRam(Length);
        using MemoryCut cut = ram.Cut(Everything(ram), ram.PrepareCut(1));
        Fill(ram, SomePage, 2);

        cut.Abandon();

        cut.Read(PageOf(SomePage), _page);
        cut.Read(PageOf(SomePage) + 1, _page);
    }

    [Fact]
    public void Cut_whileThereIsOne_isRefused_afterIt_isNot()
    {
        using var ram = new GuestRam(Length);
        MemoryCut first = ram.Cut(Everything(ram), ram.PrepareCut(1));
        Assert.Throws<InvalidOperationException>(() => ram.Cut(Everything(ram), ram.PrepareCut(1)));

        first.Dispose();
        ram.Cut(Everything(ram), ram.PrepareCut(1)).Dispose();
    }

    /// <summary>Three writers, in another order each, against a reader: whoever comes first, every page is read as it was, whole.</summary>
    [Fact]
    public void Read_writersEverywhere_givesEveryPageAsItWas()
    {
        const int Rounds = 60;
        using var ram = new GuestRam(Length);
        PageSet all = Everything(ram);
        for (int round = 0; round < Rounds; round++)
        {
            foreach (long page in PagesOf(all))
                Fill(ram, (ulong)page * GuestRam.PageSize, (byte)page);
            using MemoryCut cut = ram.Cut(Everything(ram), ram.PrepareCut(32));
            var start = new ManualResetEventSlim();
            Thread[] writers = [NewWriter(ram, start, 1), NewWriter(ram, start, 7), NewWriter(ram, start, 101)];
            foreach (Thread writer in writers)
                writer.Start();
            start.Set();

            foreach (long page in PagesOf(all))
            {
                cut.Read(page, _page);
                Assert.All(_page, value => Assert.Equal((byte)page, value));
            }

            foreach (Thread writer in writers)
                writer.Join();
        }
    }

    private static Thread NewWriter(GuestRam ram, ManualResetEventSlim start, int step) => new(() => Scribble(ram, start, step));

    private static void Scribble(GuestRam ram, ManualResetEventSlim start, int step)
    {
        Span<byte> bytes = stackalloc byte[64];
        bytes.Fill(0xEE);
        start.Wait();
        for (int i = 0; i < Pages; i++)
        {
            ulong page = (ulong)(i * step % Pages) * GuestRam.PageSize;
            ram.TryWrite(new GuestAddress(page + ((ulong)step % 61 * 64)), bytes);
        }
    }

    private static unsafe void Overwrite(GuestRam ram, ulong page, Writer writer)
    {
        switch (writer)
        {
            case Writer.TryWrite:
                Fill(ram, page, 2);
                break;
            case Writer.HostAddress:
                new Span<byte>(ram.WritableAddress(page), GuestRam.PageSize).Fill(2);
                break;
            case Writer.Mapped:
                Assert.True(ram.TryMap(new GuestAddress(page), GuestRam.PageSize, out Memory<byte> lent));
                lent.Span.Fill(2);
                break;
            default:
                Assert.True(ram.TryGiveBack(new GuestAddress(page), GuestRam.PageSize));
                break;
        }
    }

    private static void Fill(GuestRam ram, ulong page, byte value)
    {
        var bytes = new byte[GuestRam.PageSize];
        bytes.AsSpan().Fill(value);
        Assert.True(ram.TryWrite(new GuestAddress(page), bytes));
    }

    private static PageSet Everything(GuestRam ram)
    {
        PageSet all = ram.NewPageSet();
        foreach (RamSlot slot in ram.Slots)
        {
            for (ulong offset = 0; offset < slot.Length; offset += GuestRam.PageSize)
                all.Add((long)((slot.Offset + offset) / GuestRam.PageSize));
        }

        return all;
    }

    private static IEnumerable<long> PagesOf(PageSet pages)
    {
        for (long page = 0; pages.TryFindRun(ref page, pages.Length, 1, out _); page++)
            yield return page;
    }

    private static long PageOf(ulong address) => (long)(address / GuestRam.PageSize);

    private static PageFlags Flags(GuestRam ram, ulong address) => (PageFlags)ram.FlagsOf(address);

    public enum Writer
    {
        TryWrite,
        HostAddress,
        Mapped,
        GivenBack,
    }
}
