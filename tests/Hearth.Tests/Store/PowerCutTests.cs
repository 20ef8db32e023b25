using Hearth.House;
using Hearth.Store;

namespace Hearth.Tests.Store;

/// <summary>The store after a power cut: the journal ends anywhere, and what was written last may be torn.</summary>
public sealed class PowerCutTests : IDisposable
{
    private const int Frame = 8192 + 16;
    private const int Sector = 512;

    private readonly StoreFolder _folder = new();
    private readonly StoreFolder _after = new();

    public void Dispose()
    {
        _folder.Dispose();
        _after.Dispose();
    }

    [Fact]
    public void JournalCutAnywhere_everyChangeThatWasDoneIsThereAndNoHalf()
    {
        using HouseStore store = _folder.Open();
        int start = JournalLength();
        var ends = new List<int> { start };
        for (int number = 0; number < 4; number++)
        {
            // A person and a seat are one change.
            store.Together(() =>
            {
                store.Persons.Add(new Person(0, $"p{number}"));
                store.Seats.Add(new Seat(0, $"s{number}"));
            });
            ends.Add(JournalLength());
        }

        int[] offsets = [0, 1, 4001, Frame - 1];
        IEnumerable<int> cuts = Enumerable.Range(start / Frame, (ends[^1] - start) / Frame).SelectMany(_ => offsets, (frame, offset) => (frame * Frame) + offset).Append(ends[^1]);
        foreach (int cut in cuts)
        {
            _folder.CutInto(_after, cut);
            AssertHolds(ends.FindLastIndex(end => end <= cut));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Sector)]
    [InlineData(4096)]
    [InlineData(8192 - Sector)]
    public void JournalTornInItsLastPages_isAsBefore(int written)
    {
        using HouseStore store = _folder.Open();
        store.Together(() => AddPair(store, 0));
        int before = JournalLength();
        store.Together(() => AddPair(store, 1));
        _folder.CutInto(_after, JournalLength());
        Tear(before, written, JournalLength() - Frame + written);

        AssertHolds(1);
    }

    [Fact]
    public void JournalTornBeforeItsLastPage_isAsBefore()
    {
        using HouseStore store = _folder.Open();
        store.Together(() => AddPair(store, 0));
        int before = JournalLength();
        store.Together(() => AddPair(store, 1));
        _folder.CutInto(_after, JournalLength());
        Tear(before, 0, before + Sector);

        AssertHolds(1);
    }

    [Fact]
    public void PowerCutAfterACheckpointWasWritten_findsTheSame()
    {
        byte[] journal;
        using (HouseStore store = _folder.Open())
        {
            store.Together(() => AddPair(store, 0));
            journal = File.ReadAllBytes(_folder.Paths.Journal);
        }

        Assert.Equal(0, JournalLength());
        _folder.CutInto(_after, 0);
        File.WriteAllBytes(_after.Paths.Journal, journal);

        AssertHolds(1);
    }

    [Fact]
    public void ManyChanges_theJournalStaysShort()
    {
        using HouseStore store = _folder.Open();
        for (int number = 0; number < 200; number++)
            store.Settings.Write("a", $"{number}");

        Assert.InRange(JournalLength(), 0, 300 * Frame);
        _folder.CutInto(_after, JournalLength());
        using HouseStore again = _after.Open();
        Assert.Equal("199", again.Settings.Read("a"));
    }

    private static void AddPair(HouseStore store, int number)
    {
        store.Persons.Add(new Person(0, $"p{number}"));
        store.Seats.Add(new Seat(0, $"s{number}"));
    }

    private int JournalLength() => (int)new FileInfo(_folder.Paths.Journal).Length;

    /// <summary>A sector that did not reach the disk: the file has its length, and there what was there before.</summary>
    private void Tear(int from, int keep, int to)
    {
        using FileStream journal = File.OpenWrite(_after.Paths.Journal);
        journal.Position = Math.Max(from, to - Frame + keep);
        journal.Write([.. Enumerable.Repeat((byte)0xA5, Sector)]);
    }

    private void AssertHolds(int changes)
    {
        using HouseStore store = _after.Open();
        Assert.Equal(Enumerable.Range(0, changes).Select(number => $"p{number}"), store.Persons.All().Select(person => person.Name));
        Assert.Equal(Enumerable.Range(0, changes).Select(number => $"s{number}"), store.Seats.All().Select(seat => seat.Name));

        // And it goes on from there.
        store.Persons.Add(new Person(0, "next"));
        Assert.Equal(changes + 1, store.Persons.All().Count);
    }
}
