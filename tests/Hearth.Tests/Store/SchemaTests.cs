using Hearth.House;
using Hearth.Store;
using LiteDB;

namespace Hearth.Tests.Store;

public sealed class SchemaTests : IDisposable
{
    private static readonly Schema s_first = new([]);

    // Persons get a picture, in two steps.
    private static readonly Migration s_second = new(2, database => ChangePersons(database, person => person["image"] = "none"));
    private static readonly Migration s_third = new(3, database => ChangePersons(database, person => person["picture"] = $"{person["image"].AsString}.png"));

    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_aFileOfVersion1_migratesStepByStepAndKeepsWhatWasBefore()
    {
        Fill(s_first);

        using (HouseStore store = _folder.Open(new Schema([s_second, s_third])))
            Assert.Equal("Mum", Assert.Single(store.Persons.All()).Name);

        Assert.Equal("none.png", Person(_folder.Paths.Data)["picture"].AsString);
        Assert.Equal("none", Person(_folder.Paths.BeforeMigration(3))["image"].AsString);
        Assert.True(Person(_folder.Paths.BeforeMigration(3))["picture"].IsNull);
        Assert.True(Person(_folder.Paths.BeforeMigration(2))["image"].IsNull);
        Assert.Equal("Mum", Person(_folder.Paths.BeforeMigration(2))["name"].AsString);
    }

    [Fact]
    public void Open_aFileThatIsMigrated_doesNothingMore()
    {
        Fill(new Schema([s_second]));
        Assert.False(File.Exists(_folder.Paths.BeforeMigration(2)));

        using HouseStore store = _folder.Open(new Schema([s_second with { Apply = _ => Assert.Fail("it is done") }]));
    }

    [Fact]
    public void Open_aMigrationThatFails_leavesTheFileAsItWas()
    {
        Fill(s_first);
        var failing = new Migration(2, database =>
        {
            s_second.Apply(database);
            throw new InvalidOperationException("it fails");
        });

        var error = Assert.Throws<StoreException>(() => _folder.Open(new Schema([failing])));

        Assert.Contains("it fails", error.Message, StringComparison.Ordinal);
        using HouseStore store = _folder.Open(s_first);
        Assert.Equal("Mum", Assert.Single(store.Persons.All()).Name);
    }

    [Fact]
    public void Open_aLaterVersion_saysSoAndTouchesNothing()
    {
        Fill(new Schema([s_second]));
        byte[] before = File.ReadAllBytes(_folder.Paths.Data);

        var error = Assert.Throws<StoreException>(() => _folder.Open(s_first));

        Assert.Contains("was written by a later Hearth (schema 2, and this one knows 1) and was left as it is", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(_folder.Paths.Data));
    }

    [Fact]
    public void Current_isWhatThisProgramWrites()
    {
        Fill(Schema.Current);

        using var database = new LiteDatabase(_folder.Paths.Data);
        Assert.Equal(Schema.Current.Version, Schema.Read(database));
        Assert.Equal(Schema.Current.Migrations.Select((_, index) => index + 2), Schema.Current.Migrations.Select(migration => migration.To));
    }

    private void Fill(Schema schema)
    {
        using HouseStore store = _folder.Open(schema);
        store.Persons.Add(new Person(0, "Mum"));
    }

    private static BsonDocument Person(string path)
    {
        using var database = new LiteDatabase(path);
        return Assert.Single(database.GetCollection("persons").FindAll());
    }

    private static void ChangePersons(LiteDatabase database, Action<BsonDocument> change)
    {
        foreach (BsonDocument person in database.GetCollection("persons").FindAll().ToList())
        {
            change(person);
            database.GetCollection("persons").Update(person);
        }
    }
}
