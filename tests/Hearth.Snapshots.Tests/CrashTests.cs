using Hearth.Snapshots.States;

namespace Hearth.Snapshots.Tests;

/// <summary>The power is cut at every moment at which something changes.</summary>
public sealed class CrashTests
{
    private const int Pages = 300;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Cut_atAnyMoment_leavesEveryStateThatWasCommitted(int seed)
    {
        var random = new Random(seed);
        var folder = new MemoryFolder();
        var guests = new[] { new GuestMemory("desk", Pages, random), new GuestMemory("play", Pages, random) };
        var kept = new Dictionary<SavedState, byte[]>();
        SavedState? inDoubt = null;
        int cuts = 0;
        folder.Moment = () =>
        {
            cuts++;
            using SnapshotStore after = SnapshotStore.Open(folder.Cut(random));
            Assert.Empty(after.Unreadable);
            Assert.All(kept.Keys.Where(state => state != inDoubt), state => Assert.Contains(state, after.States));
            foreach (SavedState state in after.States.Where(kept.ContainsKey))
                Assert.Equal(kept[state], GuestMemory.Restore(after, state));
            _ = after.Sweep();
            foreach (SavedState state in after.States)
                _ = GuestMemory.Restore(after, state);
        };

        using SnapshotStore store = SnapshotStore.Open(folder);
        for (int round = 0; round < 12; round++)
        {
            GuestMemory guest = guests[round % 2];
            guest.Change(round < 2 ? 400 : 60);
            kept.Add(guest.Save(store), guest.Copy());
            if (round % 3 != 2)
                continue;
            inDoubt = kept.Keys.First(state => guests.All(each => each.Last != state));
            store.Delete(inDoubt);
            _ = kept.Remove(inDoubt);
            inDoubt = null;
            _ = store.Sweep();
        }

        Assert.InRange(cuts, 100, 10_000);
    }
}
