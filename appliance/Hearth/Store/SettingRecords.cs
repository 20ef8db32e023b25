using LiteDB;

namespace Hearth.Store;

/// <summary>Values by name, of the house as a whole and of who keeps something of its own here.</summary>
internal sealed class SettingRecords(StoreFile file)
{
    private const string Collection = "settings";

    /// <returns>Null when there is none.</returns>
    public string? Read(string name) => file.Read(database => database.GetCollection(Collection).FindById(name)?["value"].AsString);

    /// <summary>Returns when it is on stable storage.</summary>
    /// <param name="value">Null to take it away.</param>
    public void Write(string name, string? value) => file.Change(database =>
    {
        ILiteCollection<BsonDocument> settings = database.GetCollection(Collection);
        if (value is null)
            settings.Delete(name);
        else
            settings.Upsert(new BsonDocument { ["_id"] = name, ["value"] = value });
    });
}
