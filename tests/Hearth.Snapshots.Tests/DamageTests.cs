using Hearth.Snapshots.Files;
using Hearth.Snapshots.States;

namespace Hearth.Snapshots.Tests;

/// <summary>Files that are not what they were: a sentence that names the file, and the other states are as before.</summary>
public sealed class DamageTests : IDisposable
{
    private const string Pack = "packs/00000001.pack";
    private const string FirstManifest = "states/000000000001/manifest";

    private readonly MemoryFolder _folder = new();
    private readonly GuestMemory _guest = new("desk", 600, new Random(2));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Page_thatIsDamaged_isNamed()
    {
        SavedState state = Keep();
        Damage(Pack, 4000);

        using SnapshotStore store = SnapshotStore.Open(_folder);

        Assert.StartsWith($"memory/{Pack} is damaged at offset ", Assert.Throws<SnapshotException>(() => GuestMemory.Restore(store, state)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_thatIsDamaged_isNotReliedOnByALaterState()
    {
        _ = Keep();
        Damage(Pack, 4000);
        using SnapshotStore store = SnapshotStore.Open(_folder);
        _ = Record.Exception(() => store.Sweep());

        SavedState again = _guest.Save(store, whole: true);

        Assert.Equal(_guest.Copy(), GuestMemory.Restore(store, again));
    }

    [Fact]
    public void Pack_thatIsMissing_isNamed()
    {
        SavedState state = Keep();
        _folder.Delete(Pack);

        using SnapshotStore store = SnapshotStore.Open(_folder);

        Assert.Equal($"memory/{Pack} is missing", Assert.Throws<SnapshotException>(() => GuestMemory.Restore(store, state)).Message);
        Assert.Throws<SnapshotException>(() => store.Sweep());
    }

    [Theory]
    [InlineData(3, "memory/states/000000000001/manifest is damaged: it does not begin as it should")]
    [InlineData(40, "memory/states/000000000001/manifest is damaged: its checksum is wrong")]
    [InlineData(8, "memory/states/000000000001/manifest has format version 254; version 1 is known here")]
    public void Manifest_thatCannotBeRead_isNamed_andNothingIsGivenBack(int offset, string sentence)
    {
        _ = Keep();
        _guest.Change(300);
        using (SnapshotStore first = SnapshotStore.Open(_folder))
            _ = _guest.Save(first);
        Damage(FirstManifest, offset);
        long usage = _folder.Usage;

        using SnapshotStore store = SnapshotStore.Open(_folder);
        bool isSwept = store.Sweep();

        UnreadableState damaged = Assert.Single(store.Unreadable);
        Assert.Equal((1L, sentence, false), (damaged.Id, damaged.Sentence, isSwept));
        Assert.Equal(_guest.Copy(), GuestMemory.Restore(store, Assert.Single(store.States)));
        Assert.Equal(usage, _folder.Usage);

        store.Delete(damaged);
        Assert.True(store.Sweep());
        Assert.Empty(store.Unreadable);
        Assert.Equal(_guest.Copy(), GuestMemory.Restore(store, Assert.Single(store.States)));
    }

    /// <summary>Magic, length and number of pages of a chunk in the middle.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(12)]
    public void Header_thatIsDamaged_costsNoOtherChunk(int offset)
    {
        SavedState first = Keep();
        byte[] before = _guest.Copy();
        Damage(Pack, ChunkAfter(20_000) + offset);
        byte[] content = _folder.ContentOf(Pack);
        using SnapshotStore store = SnapshotStore.Open(_folder);

        Assert.StartsWith($"memory/{Pack} is damaged at offset ", Assert.Throws<SnapshotException>(() => store.Sweep()).Message, StringComparison.Ordinal);

        Assert.Equal(content, _folder.ContentOf(Pack));
        Assert.Equal(before, GuestMemory.Restore(store, _guest.Save(store, whole: true)));
        Assert.Throws<SnapshotException>(() => GuestMemory.Restore(store, first));
    }

    [Fact]
    public void Pack_thatDoesNotBeginAsItShould_staysWhileAStateNeedsIt()
    {
        SavedState state = Keep();
        Damage(Pack, 0);
        using SnapshotStore store = SnapshotStore.Open(_folder);

        Assert.Equal($"memory/{Pack} is damaged: it does not begin as it should", Assert.Throws<SnapshotException>(() => GuestMemory.Restore(store, state)).Message);
        Assert.Throws<SnapshotException>(() => store.Sweep());
        Assert.Contains(Pack, _folder.Files);

        store.Delete(state);
        Assert.True(store.Sweep());
        Assert.DoesNotContain(Pack, _folder.Files);
    }

    [Fact]
    public void Part_thatIsDamaged_isNamed()
    {
        SavedState state = Keep();
        Damage("states/000000000001/machine", 1);
        using SnapshotStore store = SnapshotStore.Open(_folder);
        using SavedStateReader reader = store.Read(state);

        Assert.Equal("memory/states/000000000001/machine is damaged: its checksum is wrong", Assert.Throws<SnapshotException>(() => reader.ReadPart("machine")).Message);
        Assert.Contains("has no screen", Assert.Throws<SnapshotException>(() => reader.ReadPart("screen")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pack_ofALaterVersion_isRefused()
    {
        _ = Keep();
        Damage(Pack, 8);

        Assert.Equal($"memory/{Pack} has format version 254; version 1 is known here", Assert.Throws<SnapshotException>(() => SnapshotStore.Open(_folder)).Message);
    }

    private int ChunkAfter(int offset) => offset + _folder.ContentOf(Pack).AsSpan(offset).IndexOf("HCHK"u8);

    private SavedState Keep()
    {
        using SnapshotStore store = SnapshotStore.Open(_folder);
        _guest.Change(1000);
        return _guest.Save(store);
    }

    private void Damage(string path, int offset)
    {
        IStoreFile file = _folder.Open(path);
        Span<byte> one = stackalloc byte[1];
        file.Read(one, offset);
        one[0] ^= 0xFF;
        file.Write(one, offset);
    }
}
