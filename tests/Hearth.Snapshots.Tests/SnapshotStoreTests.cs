using Hearth.Snapshots.States;

namespace Hearth.Snapshots.Tests;

public sealed class SnapshotStoreTests : IDisposable
{
    private const int Pages = 1500;

    private readonly MemoryFolder _folder = new();
    private readonly Random _random = new(1);
    private readonly GuestMemory _guest;

    public SnapshotStoreTests() => _guest = new GuestMemory("desk", Pages, _random);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void State_comesBackWhole_alsoInTheNextProcess()
    {
        SavedState state;
        byte[] memory;
        using (SnapshotStore store = SnapshotStore.Open(_folder))
        {
            _guest.Change(2000);
            memory = _guest.Copy();
            state = _guest.Save(store);
            Assert.Equal(memory, GuestMemory.Restore(store, state));
        }

        using SnapshotStore next = SnapshotStore.Open(_folder);
        Assert.Equal([state], next.States);
        Assert.Equal(memory, GuestMemory.Restore(next, state));
    }

    [Fact]
    public void States_thatFollowOneAnother_areEachAsTheyWere()
    {
        using SnapshotStore store = SnapshotStore.Open(_folder);
        List<(SavedState State, byte[] Memory)> kept = [];
        for (int i = 0; i < 8; i++)
        {
            _guest.Change(i == 0 ? 2000 : 40);
            kept.Add((_guest.Save(store), _guest.Copy()));
        }

        Assert.All(kept, each => Assert.Equal(each.Memory, GuestMemory.Restore(store, each.State)));
    }

    [Fact]
    public void State_ofLittleChange_takesLittle()
    {
        using SnapshotStore store = SnapshotStore.Open(_folder);
        _guest.Change(3000);
        SavedState first = _guest.Save(store);
        _guest.Change(10);

        SavedState second = _guest.Save(store);

        Assert.InRange(second.NewBytes, 1, first.NewBytes / 20);
    }

    [Fact]
    public void EqualPages_ofOtherGuests_areKeptOnce()
    {
        using SnapshotStore store = SnapshotStore.Open(_folder);
        _guest.Change(3000);
        SavedState first = _guest.Save(store);
        using SavedStateWriter writer = store.Begin("play", Pages, null);
        writer.Write(0, _guest.Copy());

        SavedState other = writer.Commit(DateTimeOffset.UnixEpoch);

        Assert.InRange(other.NewBytes, 0, first.NewBytes / 100);
    }

    [Fact]
    public void EqualPages_ofAnEarlierProcess_areKeptOnce()
    {
        using (SnapshotStore store = SnapshotStore.Open(_folder))
        {
            _guest.Change(3000);
            _ = _guest.Save(store);
        }

        using SnapshotStore next = SnapshotStore.Open(_folder);

        // Waits until the pages are known.
        _ = next.Sweep();
        SavedState again = _guest.Save(next, whole: true);

        Assert.InRange(again.NewBytes, 0, 1000);
    }

    [Fact]
    public void Page_writtenTwice_hasItsLastContent()
    {
        using SnapshotStore store = SnapshotStore.Open(_folder);
        using SavedStateWriter writer = store.Begin("desk", 3, null);
        byte[] ones = [.. Enumerable.Repeat((byte)1, 4096)];
        byte[] twos = [.. Enumerable.Repeat((byte)2, 4096)];
        writer.Write(0, ones);
        writer.Write(1, ones);
        writer.Write(0, twos);
        writer.Write(2, twos);
        writer.Write(2, new byte[4096]);
        writer.Add("machine", [1, 2, 3]);

        SavedState state = writer.Commit(DateTimeOffset.UnixEpoch);

        Assert.Equal([.. twos, .. ones, .. new byte[4096]], GuestMemory.Restore(store, state));
    }

    [Fact]
    public void Writer_thatDoesNotCommit_leavesNoState()
    {
        using SnapshotStore store = SnapshotStore.Open(_folder);
        using (SavedStateWriter writer = store.Begin("desk", Pages, null))
            writer.Write(0, new byte[4096]);

        Assert.Empty(store.States);
    }

    [Fact]
    public void Sweep_givesBackWhatOnlyDeletedStatesHad()
    {
        using SnapshotStore store = SnapshotStore.Open(_folder);
        _guest.Change(3000);
        SavedState first = _guest.Save(store);
        _guest.Change(20_000);
        SavedState second = _guest.Save(store);
        byte[] memory = _guest.Copy();
        long before = _folder.Usage;

        store.Delete(first);
        _ = store.Sweep();

        Assert.InRange(_folder.Usage, 0, before * 2 / 3);
        Assert.Equal(memory, GuestMemory.Restore(store, second));
        Assert.Equal(memory, GuestMemory.Restore(store, _guest.Save(store, whole: true)));
    }

    [Fact]
    public void Packs_thatNothingNeeds_areDeleted()
    {
        using (SnapshotStore store = SnapshotStore.Open(_folder))
        {
            _guest.Change(3000);
            store.Delete(_guest.Save(store));
        }

        using SnapshotStore next = SnapshotStore.Open(_folder);
        _ = next.Sweep();

        Assert.Empty(_folder.Files);
    }

    [Fact]
    public void State_thatIsRead_cannotBeDeleted()
    {
        using SnapshotStore store = SnapshotStore.Open(_folder);
        SavedState state = _guest.Save(store);
        using (store.Read(state))
            Assert.Contains("is in use", Assert.Throws<SnapshotException>(() => store.Delete(state)).Message, StringComparison.Ordinal);

        store.Delete(state);

        Assert.Empty(store.States);
        Assert.Contains("is gone", Assert.Throws<SnapshotException>(() => store.Read(state)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Before_ofOtherMemory_isRefused()
    {
        using SnapshotStore store = SnapshotStore.Open(_folder);
        SavedState state = _guest.Save(store);

        Assert.Contains("has 1500 pages of memory, and not 1501", Assert.Throws<SnapshotException>(() => store.Begin("desk", Pages + 1, state)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Number_ofAStateThatIsDeleted_isNotGivenAgain()
    {
        SavedState old;
        using (SnapshotStore store = SnapshotStore.Open(_folder))
        {
            store.Delete(_guest.Save(store, whole: true));
            old = _guest.Save(store, whole: true);
            store.Delete(old);
        }

        using SnapshotStore next = SnapshotStore.Open(_folder);
        using SavedStateWriter writer = next.Begin("play", Pages, null);
        SavedState other = writer.Commit(DateTimeOffset.UnixEpoch);

        Assert.Equal(old.Id + 1, other.Id);
        Assert.Contains("is gone", Assert.Throws<SnapshotException>(() => next.Read(old)).Message, StringComparison.Ordinal);
        next.Delete(old);
        Assert.Equal([other], next.States);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("manifest")]
    [InlineData("machine")]
    public void Part_thatCannotBeAFileBesideTheOthers_isRefused(string name)
    {
        using SnapshotStore store = SnapshotStore.Open(_folder);
        using SavedStateWriter writer = store.Begin("desk", Pages, null);
        writer.Add("machine", [1]);

        Assert.Throws<SnapshotException>(() => writer.Add(name, [2]));
    }

    [Fact]
    public void Writer_thatCouldNotKeepSomething_doesNotCommit()
    {
        using SnapshotStore store = SnapshotStore.Open(_folder);
        _guest.Change(500);
        using SavedStateWriter writer = store.Begin("desk", Pages, null);
        _folder.IsFull = true;
        Assert.Throws<SnapshotException>(() => writer.Write(0, _guest.Copy()));
        _folder.IsFull = false;

        Assert.Contains("is not whole", Assert.Throws<SnapshotException>(() => writer.Commit(DateTimeOffset.UnixEpoch)).Message, StringComparison.Ordinal);
        Assert.Empty(store.States);
    }

    [Fact]
    public void Disk_thatIsFull_leavesTheStatesThereWere()
    {
        using SnapshotStore store = SnapshotStore.Open(_folder);
        _guest.Change(500);
        SavedState first = _guest.Save(store);
        byte[] memory = _guest.Copy();
        _guest.Change(500);
        _folder.IsFull = true;

        Assert.Throws<SnapshotException>(() => _guest.Save(store));
        _folder.IsFull = false;

        Assert.Equal([first], store.States);
        Assert.Equal(memory, GuestMemory.Restore(store, first));
        Assert.Equal(_guest.Copy(), GuestMemory.Restore(store, _guest.Save(store, whole: true)));
    }
}
