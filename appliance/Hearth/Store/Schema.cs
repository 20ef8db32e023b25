using LiteDB;

namespace Hearth.Store;

/// <summary>
/// The versions of the store's schema. The number lies in a document and not in LiteDB's own field for it, which is not part of transactions.
/// </summary>
/// <param name="Migrations">From version 1 on, each to the version after the one before.</param>
internal sealed record Schema(IReadOnlyList<Migration> Migrations)
{
    private const int First = 1;
    private const string Collection = "schema";
    private const string Key = "version";

    /// <summary>This program's. Whoever changes what documents look like adds a migration, and a test of it.</summary>
    public static Schema Current { get; } = new([]);

    public int Version => First + Migrations.Count;

    /// <summary>The steps that a file has to take.</summary>
    public IEnumerable<Migration> After(int version) => Migrations.Where(migration => migration.To > version);

    /// <returns>0 for a file that is new.</returns>
    public static int Read(LiteDatabase database) => database.GetCollection(Collection).FindById(Key)?["number"].AsInt32 ?? 0;

    public static void Write(LiteDatabase database, int version) =>
        database.GetCollection(Collection).Upsert(new BsonDocument { ["_id"] = Key, ["number"] = version });
}
