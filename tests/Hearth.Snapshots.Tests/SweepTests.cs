using Hearth.Snapshots.States;

namespace Hearth.Snapshots.Tests;

/// <summary>Room is given back while others save and restore.</summary>
public sealed class SweepTests
{
    private const int Pages = 600;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <summary>At every moment at which a sweep changes something, and waits for the disk, as it were.</summary>
    [Fact]
    public void Sweep_thatWaitsForTheDisk_keepsNobodyWaiting()
    {
        var random = new Random(3);
        using var folder = new MemoryFolder();
        var desk = new GuestMemory("desk", Pages, random);
        var play = new GuestMemory("play", Pages, random);
        using SnapshotStore store = SnapshotStore.Open(folder);
        desk.Change(2000);
        SavedState first = desk.Save(store);
        desk.Change(2000);
        SavedState kept = desk.Save(store);
        byte[] memory = desk.Copy();
        play.Change(300);
        SavedState others = play.Save(store);
        byte[] othersMemory = play.Copy();
        store.Delete(first);

        int moments = 0;
        bool isBeside = false;
        folder.Moment = () =>
        {
            if (isBeside)
                return;
            isBeside = true;
            moments++;
            Assert.True(Task.Run(() => Beside(store, kept, memory, play), TestContext.Current.CancellationToken).Wait(s_patience), $"somebody waits at moment {moments} of a sweep");
            isBeside = false;
        };
        Assert.True(store.Sweep());
        folder.Moment = () => { };

        Assert.InRange(moments, 3, 10_000);
        Assert.Equal(memory, GuestMemory.Restore(store, kept));
        Assert.Equal(othersMemory, GuestMemory.Restore(store, others));
        Assert.True(store.Sweep());
        Assert.All(store.States, state => GuestMemory.Restore(store, state));
    }

    [Fact]
    public void Sweep_besideASaveThatHasBegun_leavesWhatItReliesOn()
    {
        var random = new Random(4);
        using var folder = new MemoryFolder();
        var desk = new GuestMemory("desk", Pages, random);
        using SnapshotStore store = SnapshotStore.Open(folder);
        desk.Change(2000);
        SavedState before = desk.Save(store);
        byte[] first = desk.Copy();
        using (SavedStateWriter writer = store.Begin("desk", Pages, before))
        using (SavedStateWriter other = store.Begin("play", Pages, null))
        {
            // The one counts from a state that goes, the other has found that state's pages.
            other.Write(0, first);
            store.Delete(before);
            Assert.True(store.Sweep());
            desk.Change(20);
            writer.Write(0, desk.Copy());
            Assert.True(store.Sweep());
            writer.Add("machine", [1, 2, 3]);
            other.Add("machine", [1, 2, 3]);
            SavedState second = writer.Commit(DateTimeOffset.UnixEpoch);
            SavedState third = other.Commit(DateTimeOffset.UnixEpoch);
            Assert.True(store.Sweep());

            Assert.Equal(desk.Copy(), GuestMemory.Restore(store, second));
            Assert.Equal(first, GuestMemory.Restore(store, third));
        }

        Assert.All(store.States, store.Delete);
        Assert.True(store.Sweep());
        using var next = SnapshotStore.Open(folder);
        Assert.True(next.Sweep());
        Assert.Empty(folder.Files);
    }

    /// <summary>The host tells a failed flush once, and here to somebody else: what was to be marked as gaps is not, and keeps its room.</summary>
    [Fact]
    public void Sweep_whoseMarksAreLostBySomebodyElsesFlush_givesNothingBack()
    {
        var random = new Random(5);
        using var folder = new MemoryFolder();
        var desk = new GuestMemory("desk", Pages, random);
        var play = new GuestMemory("play", Pages, random);
        using (SnapshotStore store = SnapshotStore.Open(folder))
        {
            for (int i = 0; i < 3; i++)
            {
                desk.Change(20_000);
                _ = desk.Save(store);
                play.Change(10);
                _ = play.Save(store);
            }

            // Two gaps, with what the other guest has between them.
            foreach (SavedState state in store.States.Where(state => state.Guest == "desk" && state != desk.Last))
                store.Delete(state);
            bool isOver = false;
            int moments = 0;
            folder.Moment = () =>
            {
                // The first mark is about to be written; the flush comes with the second.
                if (isOver || ++moments != 2)
                    return;
                isOver = true;
                folder.FailsNextFlush = true;
                play.Change(10);
                _ = Assert.Throws<SnapshotException>(() => play.Save(store));
            };
            _ = store.Sweep();
            folder.Moment = () => { };
            Assert.True(isOver);
        }

        using SnapshotStore next = SnapshotStore.Open(folder.Cut(random));
        Assert.All(next.States, state => next.Verify(state));
        Assert.True(next.Sweep());
        Assert.All(next.States, state => next.Verify(state));
    }

    /// <summary>Nobody knows what a state needs that cannot be read: as long as it is there all stays.</summary>
    [Fact]
    public async Task Sweep_besideADeletionThatFails_givesNothingBack()
    {
        var random = new Random(6);
        using var folder = new MemoryFolder();
        var desk = new GuestMemory("desk", Pages, random);
        using (SnapshotStore store = SnapshotStore.Open(folder))
        {
            desk.Change(2000);
            _ = desk.Save(store);
        }

        folder.ContentOf("states/000000000001/manifest")[40] ^= 0xFF;
        using SnapshotStore damaged = SnapshotStore.Open(folder);
        UnreadableState unreadable = Assert.Single(damaged.Unreadable);
        long usage = folder.Usage;
        Task<bool>? sweep = null;
        folder.Moment = () =>
        {
            if (sweep is not null)
                return;
            sweep = Task.Run(damaged.Sweep);
            Thread.Sleep(300);
            folder.IsFull = true;
        };

        Assert.Throws<SnapshotException>(() => damaged.Delete(unreadable));
        folder.IsFull = false;

        Assert.False(await sweep!);
        Assert.Equal(usage, folder.Usage);
        Assert.Single(damaged.Unreadable);
    }

    [Fact]
    public async Task Sweeps_besideThoseWhoSaveRestoreAndDelete_takeNothingThatIsNeeded()
    {
        string root = Path.Combine(Path.GetTempPath(), $"hearth-sweep-{Guid.NewGuid():N}");
        try
        {
            using SnapshotStore store = SnapshotStore.Open(root);
            using var ending = new CancellationTokenSource();
            Task<int> sweeping = Task.Run(() => Count(() => _ = store.Sweep(), ending.Token), TestContext.Current.CancellationToken);
            try
            {
                await Task.WhenAll(Enumerable.Range(0, 3).Select(guest => Task.Run(() => Work(store, guest), TestContext.Current.CancellationToken)));
            }
            finally
            {
                await ending.CancelAsync();
                Assert.InRange(await sweeping, 2, int.MaxValue);
            }

            Assert.All(store.States, state => store.Verify(state));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static void Beside(SnapshotStore store, SavedState kept, byte[] memory, GuestMemory play)
    {
        Assert.Equal(memory, GuestMemory.Restore(store, kept));
        play.Change(3);
        using SavedStateWriter writer = store.Begin("play", Pages, play.Last);
        writer.Write(0, play.Copy());
    }

    private static int Count(Action action, CancellationToken cancellation)
    {
        int count = 0;
        for (; !cancellation.IsCancellationRequested; count++)
            action();
        return count;
    }

    private static void Work(SnapshotStore store, int guest)
    {
        var random = new Random(guest);
        var memory = new GuestMemory($"guest {guest}", Pages, random);
        var kept = new List<(SavedState State, byte[] Memory)>();
        memory.Change(1000);
        for (int i = 0; i < 60; i++)
        {
            memory.Change(30);
            kept.Add((memory.Save(store, whole: random.Next(8) == 0), memory.Copy()));
            (SavedState state, byte[] content) = kept[random.Next(kept.Count)];
            Assert.Equal(content, GuestMemory.Restore(store, state));
            if (kept.Count < 6)
                continue;
            int gone = random.Next(kept.Count - 1);
            store.Delete(kept[gone].State);
            kept.RemoveAt(gone);
        }

        Assert.All(kept, each => Assert.Equal(each.Memory, GuestMemory.Restore(store, each.State)));
    }
}
