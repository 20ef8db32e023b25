using Hearth.House;
using Hearth.Store;

namespace Hearth.Tests.Store;

public sealed class BackupsTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Backups_areMadeDailyAndTheLastThreeStay()
    {
        using HouseStore store = _folder.Open();
        for (int day = 0; day < 5; day++)
        {
            store.Persons.Add(new Person(0, $"day{day}"));
            _folder.Clock.Advance(TimeSpan.FromDays(1));
        }

        Assert.Equal(3, _folder.Paths.Backups.Count);
        Assert.Empty(_folder.Log);
        using var other = new StoreFolder();
        File.Copy(_folder.Paths.Backups[0], other.Paths.Data);
        using HouseStore backup = other.Open();
        Assert.Equal(["day0", "day1", "day2", "day3", "day4"], backup.Persons.All().Select(person => person.Name));
    }

    [Fact]
    public void Backups_inOneDay_areOne()
    {
        for (int start = 0; start < 4; start++)
        {
            using HouseStore store = _folder.Open();
            _folder.Clock.Advance(TimeSpan.FromHours(5));
        }

        Assert.Single(_folder.Paths.Backups);
    }

    [Fact]
    public void Backups_thatCannotBeMade_areToldAndTheStoreGoesOn()
    {
        using HouseStore store = _folder.Open();
        File.WriteAllText(_folder.Paths.BackupFolder, "in the way");

        _folder.Clock.Advance(TimeSpan.Zero);

        Assert.StartsWith("the daily backup failed: ", Assert.Single(_folder.Log), StringComparison.Ordinal);
        Assert.Equal("Mum", store.Persons.Add(new Person(0, "Mum")).Name);
    }
}
