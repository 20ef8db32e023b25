using Hearth.House;
using LiteDB;

namespace Hearth.Store;

/// <summary>The documents of one kind. Everything may be called from any thread; what changes something returns when it is on stable storage.</summary>
internal class Records<T>(StoreFile file, DocumentMap<T> map)
    where T : class
{
    private protected StoreFile File => file;

    /// <summary>All of them, in the order in which they came.</summary>
    public IReadOnlyList<T> All() => file.Read<IReadOnlyList<T>>(database => [.. Collection(database).FindAll().Select(map.Read)]);

    /// <returns>Null when there is none.</returns>
    public T? Find(int id) => file.Read(database => Collection(database).FindById(id) is { } document ? map.Read(document) : null);

    /// <summary>Keeps a new one under an identifier that none ever had.</summary>
    /// <returns>It, with its identifier.</returns>
    public T Add(T record) => file.Change(database =>
    {
        T numbered = map.WithId(record, checked((int)Counter.Take(database, map.Collection)));
        Collection(database).Insert(map.Write(numbered));
        return numbered;
    });

    /// <summary>Keeps one in the place of what has its identifier.</summary>
    /// <exception cref="HouseException">There is none any more.</exception>
    public void Replace(T record) => file.Change(database =>
    {
        if (!Collection(database).Update(map.Write(record)))
            throw new HouseException(map.Missing, $"the {map.Collection.TrimEnd('s')} is no longer there");
    });

    /// <returns>False when there was none.</returns>
    public bool Remove(int id) => file.Change(database => Collection(database).Delete(id));

    private protected ILiteCollection<BsonDocument> Collection(LiteDatabase database) => database.GetCollection(map.Collection);
}
