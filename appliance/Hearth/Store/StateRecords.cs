using Hearth.Running;
using LiteDB;

namespace Hearth.Store;

/// <summary>The saved states of all guests. Everything may be called from any thread; what changes something returns when it is on stable storage.</summary>
internal sealed class StateRecords(StoreFile file)
{
    private const string Collection = "states";
    private const string Guest = "guest";

    /// <summary>Keeps a state, in the place of what had its identifier.</summary>
    public void Put(StoredState state) => file.Change(database =>
    {
        ILiteCollection<BsonDocument> states = database.GetCollection(Collection);
        states.EnsureIndex(Guest);
        states.Upsert(Write(state));
    });

    /// <returns>Null when there is none.</returns>
    public StoredState? Find(long id) => file.Read(database => database.GetCollection(Collection).FindById(id) is { } document ? Read(document) : null);

    /// <summary>Those of one guest, the newest first.</summary>
    public IReadOnlyList<StoredState> Of(int guest) => file.Read<IReadOnlyList<StoredState>>(database =>
        [.. database.GetCollection(Collection).Find(Query.EQ(Guest, guest)).Select(Read).OrderByDescending(state => state.Record.Id)]);

    /// <summary>Those of all guests, the newest first.</summary>
    public IReadOnlyList<StoredState> All() => file.Read<IReadOnlyList<StoredState>>(database =>
        [.. database.GetCollection(Collection).FindAll().Select(Read).OrderByDescending(state => state.Record.Id)]);

    /// <returns>False when there was none.</returns>
    public bool Remove(long id) => file.Change(database => database.GetCollection(Collection).Delete(id));

    private static BsonDocument Write(StoredState state) => new()
    {
        ["_id"] = state.Record.Id,
        [Guest] = state.Record.Guest,
        ["taken"] = Bson.Of(state.Record.Taken),
        ["isCheckpoint"] = state.Record.IsCheckpoint,
        ["isPinned"] = state.Record.IsPinned,
        ["label"] = Bson.Of(state.Record.Label),
        ["memory"] = state.Record.Memory,
        ["newBytes"] = state.Record.NewBytes,
        ["pauseTicks"] = state.Record.Pause.Ticks,
        ["details"] = state.Details,
    };

    private static StoredState Read(BsonDocument document) => new(
        new SavedStateRecord(
            document["_id"].AsInt64,
            document[Guest].AsInt32,
            Bson.Time(document["taken"]),
            document["isCheckpoint"].AsBoolean,
            document["isPinned"].AsBoolean,
            Bson.TextOrNull(document["label"]),
            document["memory"].AsInt64,
            document["newBytes"].AsInt64,
            TimeSpan.FromTicks(document["pauseTicks"].AsInt64)),
        document["details"].AsString);
}
