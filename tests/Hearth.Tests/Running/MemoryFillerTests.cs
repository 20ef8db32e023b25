using Hearth.Running;
using Hearth.Snapshots;

namespace Hearth.Tests.Running;

/// <summary>With memory of this process, faults of this kernel and a state on disk.</summary>
public sealed class MemoryFillerTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private static CancellationToken End => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Memory_nobodyAsksFor_comesAsItWas()
    {
        using var memory = new FilledMemory();

        await memory.Start().Completion.WaitAsync(s_patience, End);

        Assert.Equal(memory.Content, memory.Present());
        Assert.Equal(Enumerable.Range(0, FilledMemory.Pages).Where(page => !FilledMemory.IsZeros(page)), memory.PresentPages());
    }

    /// <summary>In an order that is not the sweep's, zeros among them.</summary>
    [Fact]
    public async Task Pages_thatAreTouched_areAsTheyWere()
    {
        using var memory = new FilledMemory();
        int[] pages = [.. Enumerable.Range(0, FilledMemory.Pages)];
        new Random(1).Shuffle(pages);
        FilledMemory.Touching one = memory.Touch(pages);
        FilledMemory.Touching another = memory.BeginTouching([.. pages.Reverse()]);

        MemoryFiller filler = memory.Start();

        one.Finish();
        another.Finish();
        await filler.Completion.WaitAsync(s_patience, End);
        Assert.Equal(memory.Content, memory.SeenAll());
        Assert.Equal(memory.Content, memory.Present());
    }

    /// <summary>The guest's process is told a moment later that no others will come.</summary>
    [Fact]
    public async Task Zeros_touchedAfterTheSweep_areZeros()
    {
        using var memory = new FilledMemory();
        await memory.Start().Completion.WaitAsync(s_patience, End);
        int[] zeros = [.. Enumerable.Range(0, FilledMemory.Pages).Where(FilledMemory.IsZeros)];

        memory.BeginTouching(zeros).Finish();

        Assert.All(zeros, page => Assert.Equal(new byte[FilledMemory.PageLength], memory.Seen(page)));
        Assert.Equal(FilledMemory.Pages, memory.PresentPages().Count());
    }

    /// <summary>The sweep begins at page 0, where it ends here.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Page_thatIsWaitedFor_comesBeforeTheSweep(bool isPastTheBeginning)
    {
        using var memory = new FilledMemory();
        memory.DamageFirstGroup();
        FilledMemory.Touching touching = memory.Touch(PageOf(30));

        MemoryFiller filler = isPastTheBeginning ? memory.StartPastTheBeginning() : memory.Start();

        touching.Finish();
        await Assert.ThrowsAsync<SnapshotException>(() => filler.Completion.WaitAsync(s_patience, End));
        Assert.Equal(memory.ContentOf(PageOf(30)), memory.Seen(PageOf(30)));
        Assert.Equal(FilledMemory.PagesOf(30), memory.PresentPages());
    }

    [Fact]
    public async Task WorkingSet_ofTheLastTime_comesBeforeTheSweep()
    {
        using var memory = new FilledMemory();
        memory.WorkingSet.Write([30, 21]);
        memory.DamageFirstGroup();

        await Assert.ThrowsAsync<SnapshotException>(() => memory.Start().Completion.WaitAsync(s_patience, End));

        Assert.Equal([.. FilledMemory.PagesOf(21), .. FilledMemory.PagesOf(30)], memory.PresentPages());
    }

    [Fact]
    public async Task Pages_touchedInTheBeginning_comeFirstTheNextTime()
    {
        using var memory = new FilledMemory();
        memory.WorkingSet.Write([33, 25]);
        FilledMemory.Touching touching = memory.Touch(PageOf(25), PageOf(39), PageOf(25) + 1, PageOf(7));

        MemoryFiller filler = memory.Start();

        touching.Finish();
        await filler.Completion.WaitAsync(s_patience, End);
        Assert.Equal([25, 39, 7, 33], await ReadWhenWrittenAsync(memory.WorkingSet, 4));
    }

    /// <summary>What it needs in the middle is not what it needs first.</summary>
    [Fact]
    public async Task Guest_thatWasTakenOver_teachesNothing()
    {
        using var memory = new FilledMemory();
        memory.WorkingSet.Write([33]);
        FilledMemory.Touching touching = memory.Touch(PageOf(25));

        MemoryFiller filler = memory.Start(learns: false);

        touching.Finish();
        await filler.Completion.WaitAsync(s_patience, End);
        Assert.Equal([33], memory.WorkingSet.Read());
    }

    [Fact]
    public async Task WorkingSet_ofAStateWithMoreMemory_doesNoHarm()
    {
        using var memory = new FilledMemory();
        memory.WorkingSet.Write([int.MaxValue, 41, 40, 65_536, 40]);

        await memory.Start().Completion.WaitAsync(s_patience, End);

        Assert.Equal(memory.Content, memory.Present());
    }

    /// <summary>Whoever comes after a supervisor that died begins anew.</summary>
    [Fact]
    public async Task Page_thatIsThere_staysAsItIs()
    {
        const byte Changed = 0x5A;
        using var memory = new FilledMemory();
        int[] written = [PageOf(0), PageOf(4) + 1, PageOf(7), FilledMemory.Pages - 1];
        foreach (int page in written)
            memory.Put(page, Changed);

        await memory.Start().Completion.WaitAsync(s_patience, End);

        byte[] expected = memory.Content;
        foreach (int page in written)
            expected.AsSpan(page * FilledMemory.PageLength, FilledMemory.PageLength).Fill(Changed);
        Assert.Equal(expected, memory.Present());
    }

    [Fact]
    public async Task State_thatIsDamaged_endsIt()
    {
        using var memory = new FilledMemory();
        memory.DamageFirstGroup();

        MemoryFiller filler = memory.Start();

        var error = await Assert.ThrowsAsync<SnapshotException>(() => filler.Completion.WaitAsync(s_patience, End));
        Assert.Contains("is damaged", error.Message, StringComparison.Ordinal);
        Assert.True(filler.Completion.IsFaulted);
        Assert.Empty(memory.PresentPages());
    }

    [Fact]
    public async Task Fault_whereTheGuestHasNoMemory_endsIt()
    {
        using var memory = new FilledMemory(beyond: 2);
        _ = memory.Touch(FilledMemory.Pages + 1);

        MemoryFiller filler = memory.Start();

        await Assert.ThrowsAsync<GuestRunException>(() => filler.Completion.WaitAsync(s_patience, End));
        Assert.Empty(memory.PresentPages());
    }

    /// <summary>As it is when the guest's process is gone.</summary>
    [Fact]
    public async Task Memory_thatIsGone_endsIt()
    {
        using var memory = new FilledMemory();
        memory.TakeAway();

        MemoryFiller filler = memory.Start();

        await Assert.ThrowsAsync<GuestRunException>(() => filler.Completion.WaitAsync(s_patience, End));
        Assert.Empty(memory.PresentPages());
    }

    /// <summary>In the beginning nothing comes but what is waited for.</summary>
    [Fact]
    public void Dispose_inTheMiddle_cancels()
    {
        using var memory = new FilledMemory();
        MemoryFiller filler = memory.Start();

        filler.Dispose();

        Assert.True(filler.Completion.IsCanceled);
        Assert.Empty(memory.PresentPages());
    }

    [Fact]
    public async Task Dispose_afterTheEnd_leavesItDone()
    {
        using var memory = new FilledMemory();
        MemoryFiller filler = memory.Start();
        await filler.Completion.WaitAsync(s_patience, End);

        filler.Dispose();

        Assert.True(filler.Completion.IsCompletedSuccessfully);
    }

    /// <summary>The first of a group.</summary>
    private static int PageOf(int group) => group * FilledMemory.GroupPages;

    /// <summary>It is written behind whoever waits for memory.</summary>
    private static async Task<IReadOnlyList<int>> ReadWhenWrittenAsync(WorkingSet set, int count)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(End);
        late.CancelAfter(s_patience);
        while (set.Read().Count < count && !late.IsCancellationRequested)
            await Task.Delay(10, End);
        return set.Read();
    }
}
