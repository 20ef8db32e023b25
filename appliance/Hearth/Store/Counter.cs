using LiteDB;

namespace Hearth.Store;

/// <summary>Identifiers, of which none is given twice, not even after the last one was removed: folders and events may still have its number.</summary>
internal static class Counter
{
    private const string Collection = "counters";

    /// <summary>Within a change.</summary>
    public static long Take(LiteDatabase database, string name)
    {
        ILiteCollection<BsonDocument> counters = database.GetCollection(Collection);
        long last = counters.FindById(name)?["last"].AsInt64 ?? 0;
        counters.Upsert(new BsonDocument { ["_id"] = name, ["last"] = last + 1 });
        return last + 1;
    }
}
