using Hearth.House;
using Hearth.Store;

namespace Hearth.Tests.Store;

public sealed class StoreReturnTests : IDisposable
{
    private readonly StoreFolder _folder = new();
    private readonly string _backup;

    public StoreReturnTests()
    {
        _backup = Path.Combine(_folder.Paths.Home, "backup");
        using HouseStore store = _folder.Open();
        store.Persons.Add(new Person(0, "Mum"));
        _folder.Clock.Advance(TimeSpan.Zero);
        File.Copy(_folder.Paths.Backups[0], _backup);
        store.Persons.Add(new Person(0, "Dad"));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void To_aBackup_isWhatItWas_andNoJournalOfTheOtherOne()
    {
        // As a crash leaves it: with changes in the journal.
        byte[] journal;
        using (HouseStore store = _folder.Open())
        {
            store.Persons.Add(new Person(0, "Child"));
            journal = File.ReadAllBytes(_folder.Paths.Journal);
        }

        File.WriteAllBytes(_folder.Paths.Journal, journal);

        StoreReturn.To(_backup, _folder.Paths, _folder.Clock.GetUtcNow());

        using HouseStore again = _folder.Open();
        Assert.Equal("Mum", Assert.Single(again.Persons.All()).Name);
        Assert.Equal(2, Directory.EnumerateFiles(_folder.Paths.Home, "*.replaced-*").Count());
    }

    [Fact]
    public void To_whatIsDamagedOrNotThere_changesNothing()
    {
        byte[] before = File.ReadAllBytes(_folder.Paths.Data);
        File.WriteAllText(_backup, "no store at all");

        Assert.Contains("is damaged, too", Refused(_backup), StringComparison.Ordinal);
        Assert.Equal("there is no backup /nonexistent", Refused("/nonexistent"));
        Assert.Equal(before, File.ReadAllBytes(_folder.Paths.Data));
    }

    private string Refused(string backup) => Assert.Throws<StoreException>(() => StoreReturn.To(backup, _folder.Paths, _folder.Clock.GetUtcNow())).Message;
}
