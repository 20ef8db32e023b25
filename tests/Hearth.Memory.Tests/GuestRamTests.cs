using Hearth.Linux;
using Hearth.Machine;

namespace Hearth.Memory.Tests;

public sealed class GuestRamTests
{
    private const ulong Mebibyte = 1 << 20;
    private const ulong FourGiB = 1UL << 32;

    [Fact]
    public void Slots_littleMemory_leaveOutTheVideoHole()
    {
        using var ram = new GuestRam(16 * Mebibyte);

        Assert.Equal([new RamSlot(0, 0xA_0000, 0), new RamSlot(0xC_0000, (16 * Mebibyte) - 0xC_0000, 0xC_0000)], ram.Slots);
    }

    [Fact]
    public void Slots_moreThanFitsBelowFourGiB_goOnAboveIt()
    {
        using var ram = new GuestRam(GuestRam.LowEnd + (64 * Mebibyte));

        Assert.Equal(new RamSlot(FourGiB, 64 * Mebibyte, GuestRam.LowEnd), ram.Slots[^1]);
        Assert.False(ram.Contains(new GuestAddress(GuestRam.LowEnd), 1));
        Assert.True(ram.Contains(new GuestAddress(FourGiB), 64 * Mebibyte));
        Assert.False(ram.Contains(new GuestAddress(FourGiB), (64 * Mebibyte) + 1));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(0x9_FFF0UL)]
    [InlineData(0xC_0000UL)]
    [InlineData(0xFF_FFF0UL)]
    public void TryWrite_insideRam_isReadBack(ulong address)
    {
        using var ram = new GuestRam(16 * Mebibyte);
        byte[] written = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];
        var read = new byte[16];

        Assert.True(ram.TryWrite(new GuestAddress(address), written));
        Assert.True(ram.TryRead(new GuestAddress(address), read));

        Assert.Equal(written, read);
    }

    [Theory]
    [InlineData(0x9_FFF8UL)]
    [InlineData(0xA_0000UL)]
    [InlineData(0xB_FFF8UL)]
    [InlineData(0xFF_FFF8UL)]
    [InlineData(0x100_0000UL)]
    [InlineData(ulong.MaxValue - 7)]
    public void TryWrite_anyByteOutsideRam_writesNothing(ulong address)
    {
        using var ram = new GuestRam(16 * Mebibyte);
        var before = new byte[8];
        bool isReadable = ram.TryRead(new GuestAddress(address), before);
        var after = new byte[8];

        bool written = ram.TryWrite(new GuestAddress(address), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);

        Assert.False(written);
        Assert.Equal(isReadable, ram.TryRead(new GuestAddress(address), after));
        Assert.Equal(before, after);
    }

    [Fact]
    public void TryWrite_toCode_tellsTheObserverPageByPage()
    {
        using var ram = new GuestRam(16 * Mebibyte);
        var observer = new RecordingObserver();
        ram.CodeObserver = observer;
        ram.SetFlags(0x1000, PageFlags.Code);
        ram.SetFlags(0x3000, PageFlags.Code);

        ram.TryWrite(new GuestAddress(0x1FF0), new byte[0x1020]);

        Assert.Equal([(0x1FF0UL, 0x10), (0x3000UL, 0x10)], observer.Writes);
    }

    [Fact]
    public void TryWrite_marksThePagesDirty()
    {
        using var ram = new GuestRam(16 * Mebibyte);

        ram.TryWrite(new GuestAddress(0x1FFF), [1, 2]);

        Assert.Equal(
            [PageFlags.None, PageFlags.Dirty, PageFlags.Dirty, PageFlags.None],
            Enumerable.Range(0, 4).Select(page => (PageFlags)ram.FlagsOf((ulong)page << GuestRam.PageShift)));
    }

    [Theory]
    [InlineData(0x10_0000UL)]
    [InlineData(FourGiB)]
    public void TryGiveBack_pages_leavesZerosAndTakesNoRoom(ulong address)
    {
        using var ram = new GuestRam(GuestRam.LowEnd + Mebibyte);
        var observer = new RecordingObserver();
        ram.CodeObserver = observer;
        byte[] content = new byte[3 * 4096];
        content.AsSpan().Fill(1);
        ram.TryWrite(new GuestAddress(address), content);
        ram.ClearFlags(address + 4096, PageFlags.Dirty);
        ram.SetFlags(address + 4096, PageFlags.Code);

        bool isGiven = ram.TryGiveBack(new GuestAddress(address + 4096), 4096);
        long offset = (long)ram.FileOffset(address);
        bool hasData = ram.File.TryFindData(offset + 4096, out long next, out _);
        ram.TryReadStored(new GuestAddress(address), content);
        ram.File.TryFindData(offset + 4096, out long afterRead, out _);

        Assert.True(isGiven && hasData);
        Assert.Equal((offset + 8192, offset + 8192), (next, afterRead));
        Assert.Equal([1, 0, 0, 1], [content[4095], content[4096], content[8191], content[8192]]);
        Assert.Equal([(address + 4096, 4096)], observer.Writes);
        Assert.True(((PageFlags)ram.FlagsOf(address + 4096)).HasFlag(PageFlags.Dirty));
    }

    [Theory]
    [InlineData(0x1001UL, 4096UL)]
    [InlineData(0x1000UL, 4095UL)]
    [InlineData(0x1000UL, 0UL)]
    [InlineData(0x9_F000UL, 8192UL)]
    [InlineData(0xF_F000UL, 8192UL)]
    [InlineData(ulong.MaxValue - 4095, 4096UL)]
    public void TryGiveBack_whatAreNoPagesOfRam_isRefused(ulong address, ulong length)
    {
        using var ram = new GuestRam(Mebibyte);

        Assert.False(ram.TryGiveBack(new GuestAddress(address), length));
    }

    [Theory]
    [InlineData(0UL, 4096)]
    [InlineData(0x3FFF_F000UL, 0x2000)] // over the end of a window
    [InlineData(0x8000_0000UL, 1 << 30)]
    [InlineData(FourGiB, 0x1000)]
    [InlineData(FourGiB + (65 * Mebibyte) - 3, 3)]
    public void TryMap_insideRam_lendsTheMemoryItself(ulong address, int length)
    {
        using var ram = new GuestRam(GuestRam.LowEnd + (65 * Mebibyte));
        byte[] first = new byte[1];
        byte[] last = new byte[1];

        bool isLent = ram.TryMap(new GuestAddress(address), length, out Memory<byte> memory);
        (memory.Span[0], memory.Span[^1]) = (0x11, 0x22);
        ram.TryRead(new GuestAddress(address), first);
        ram.TryRead(new GuestAddress(address + (ulong)length - 1), last);

        Assert.True(isLent);
        Assert.Equal(length, memory.Length);
        Assert.Equal((0x11, 0x22), (first[0], last[0]));
    }

    [Theory]
    [InlineData(0x9_FFFFUL, 2)]
    [InlineData(0xA_0000UL, 1)]
    [InlineData(0xB_FFFFUL, 2)]
    [InlineData(0xFF_FFFFUL, 2)]
    [InlineData(0x100_0000UL, 1)]
    [InlineData(ulong.MaxValue, 2)]
    public void TryMap_partlyOutsideRam_lendsNothing(ulong address, int length)
    {
        using var ram = new GuestRam(16 * Mebibyte);

        Assert.False(ram.TryMap(new GuestAddress(address), length, out Memory<byte> memory));
        Assert.True(memory.IsEmpty);
    }

    [Fact]
    public void NoteWrite_ofLentMemory_tellsTheObserverAndMarksThePages()
    {
        using var ram = new GuestRam(16 * Mebibyte);
        var observer = new RecordingObserver();
        ram.CodeObserver = observer;
        ram.SetFlags(0x2000, PageFlags.Code);

        ram.NoteWrite(new GuestAddress(0x1800), 0x1000);

        Assert.Equal([(0x2000UL, 0x800)], observer.Writes);
        Assert.Equal([(byte)PageFlags.Dirty, (byte)(PageFlags.Dirty | PageFlags.Code), (byte)0], [ram.FlagsOf(0x1000), ram.FlagsOf(0x2000), ram.FlagsOf(0x3000)]);
    }

    [Fact]
    public void SetFlags_andClearFlags_changeOnlyTheirOwn()
    {
        using var ram = new GuestRam(16 * Mebibyte);

        PageFlags first = ram.SetFlags(0x5000, PageFlags.Code);
        PageFlags second = ram.SetFlags(0x5000, PageFlags.Dirty);
        ram.ClearFlags(0x5000, PageFlags.Code);

        Assert.Equal(PageFlags.None, first);
        Assert.Equal(PageFlags.Code, second);
        Assert.Equal((byte)PageFlags.Dirty, ram.FlagsOf(0x5000));
    }

    [Fact]
    public void Constructor_moreThanAnyHostHas_saysHowMuch()
    {
        var error = Assert.Throws<LinuxException>(() => new GuestRam(1UL << 62));

        Assert.Contains("4611686018427387904 bytes", error.Message, StringComparison.Ordinal);
    }

    private sealed class RecordingObserver : ICodeObserver
    {
        public List<(ulong Physical, int Length)> Writes { get; } = [];

        public void CodeWritten(ulong physical, int length) => Writes.Add((physical, length));
    }

    [Fact]
    public void TakeDirty_pagesEverywhere_givesEachOnceAndLeavesOtherFlags()
    {
        using var ram = new GuestRam(GuestRam.LowEnd + (16 * Mebibyte) + GuestRam.PageSize);
        ulong[] written = [0, 0x9_F000, 0xC_0000, 0x7F_F000, GuestRam.LowEnd - 0x1000, FourGiB, FourGiB + (16 * Mebibyte)];
        foreach (ulong address in written)
            ram.TryWrite(new GuestAddress(address), [1]);
        ram.SetFlags(0x7F_F000, PageFlags.Code);
        PageSet first = ram.NewPageSet();
        PageSet second = ram.NewPageSet();

        ram.TakeDirty(first);
        ram.TakeDirty(second);

        Assert.All(written, address => Assert.True(first.Contains((long)(ram.FileOffset(address) / GuestRam.PageSize)), $"0x{address:x}"));
        Assert.Equal((written.Length, 0), (first.Count, second.Count));
        Assert.Equal((byte)PageFlags.Code, ram.FlagsOf(0x7F_F000));
    }

    [Fact]
    public void TakeDirty_whileAnotherThreadWrites_missesNoPage()
    {
        using var ram = new GuestRam(Mebibyte);
        PageSet told = ram.NewPageSet();
        bool ended = false;
        var writer = new Thread(() =>
        {
            for (int i = 0; i < 200_000; i++)
                ram.TryWrite(new GuestAddress((ulong)(i % 8) * GuestRam.PageSize), BitConverter.GetBytes(i));
            Volatile.Write(ref ended, true);
        });
        var copy = new byte[8 * GuestRam.PageSize];
        writer.Start();
        bool last;
        do
        {
            last = Volatile.Read(ref ended);
            told.Clear();
            ram.TakeDirty(told);
            for (int page = 0; page < 8; page++)
            {
                if (told.Contains(page))
                    ram.TryRead(new GuestAddress((ulong)page * GuestRam.PageSize), copy.AsSpan(page * GuestRam.PageSize, GuestRam.PageSize));
            }
        }
        while (!last);
        writer.Join();

        var memory = new byte[copy.Length];
        ram.TryRead(new GuestAddress(0), memory);
        Assert.Equal(memory, copy);
    }
}
